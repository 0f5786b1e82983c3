"""What a run reports about itself: how source and landing zone compare."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from duckhouse.extraction.command import command
from duckhouse.landing.manifest import Delivery, iso


@dataclass(frozen=True)
class TableResult:
    """How source and landing zone compare after a run."""

    table_name: str
    mode: str
    source_rows: int
    known_rows: int
    new_rows: int
    changed_rows: int
    deleted_rows: int
    lag_bytes: int | None

    @property
    def is_reconciled(self) -> bool:
        return self.source_rows == self.known_rows


@dataclass(frozen=True)
class Result:
    """The delivery that a run made. Where the run made none, because nothing had changed, `unchanged_at` is the time of
    its snapshot, and `delivery` the one that still says what the source holds.
    """

    delivery: Delivery
    tables: list[TableResult]
    notes: list[str] = field(default_factory=list)
    unchanged_at: datetime | None = None

    def document(self) -> dict[str, Any]:
        return {
            "delivery_id": self.delivery.id,
            "delivered_at": iso(self.delivery.delivered_at),
            "tables": [{**asdict(table), "is_reconciled": table.is_reconciled} for table in self.tables],
            "notes": self.notes,
        }


def describe(result: Result) -> Iterator[str]:
    """The lines that a run prints for people."""
    first = result.tables[0]
    if result.unchanged_at:
        rows = sum(table.known_rows for table in result.tables)
        yield (
            f"nothing has changed since delivery {result.delivery.id}: by {first.mode}, source and deliveries agree on "
            f"{rows:,} rows as of {iso(result.unchanged_at)}"
        )
        yield from (f"  {note}" for note in result.notes)
        return
    yield f"delivery {result.delivery.id}, by {first.mode}, as of {iso(result.delivery.delivered_at)}"
    yield f"  {'table':<12}{'source':>14}{'known':>14}{'new':>12}{'changed':>12}{'deleted':>12}"
    for table in result.tables:
        counts = (table.source_rows, table.known_rows, table.new_rows, table.changed_rows, table.deleted_rows)
        widths = (14, 14, 12, 12, 12)
        told = "".join(f"{count:>{width},}" for count, width in zip(counts, widths, strict=True))
        yield f"  {table.table_name:<12}{told}"
    if first.mode == "cdc":
        yield f"  {first.lag_bytes:,} bytes of log behind"
    yield from (f"  {note}" for note in result.notes)


def not_reconciled(source: str, apart: Sequence[str]) -> str:
    told = ", ".join(apart)
    return f"source and deliveries do not reconcile: {told}; run {command(source, '--full')}"
