"""What a run says about itself: how source and landing zone compare."""

from dataclasses import asdict, dataclass, field
from typing import Any

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
    delivery: Delivery
    tables: list[TableResult]
    notes: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        return {
            "delivery_id": self.delivery.id,
            "delivered_at": iso(self.delivery.delivered_at),
            "tables": [{**asdict(table), "is_reconciled": table.is_reconciled} for table in self.tables],
            "notes": self.notes,
        }
