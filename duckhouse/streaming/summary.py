"""What a run did, in figures: for people, for machines, and for Prometheus while it runs."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic, time
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from duckhouse.sources import Entity
from duckhouse.streaming import rows as rows_of
from duckhouse.streaming.starts import Stretch

Repeats = Callable[[], tuple[int, int]]
"""How many duplicates and conflicts the store has found since it was opened."""

FEW = 4
"""How many partitions a line names."""


@dataclass
class Summary:
    """Figures of one run. Messages that are read again after a kill count again; rows that stores wrote do not."""

    source: str
    entity: Entity
    consumed: int = 0
    valid: int = 0
    invalid: Counter[str] = field(default_factory=Counter)
    late: int = 0
    early: int = 0
    duplicates: int = 0
    conflicts: int = 0
    written: Counter[str] = field(default_factory=Counter)
    """Rows by store."""
    caught_up: Counter[str] = field(default_factory=Counter)
    """Rows that a store took from the other one, because Kafka no longer holds them."""
    lost: list[Stretch] = field(default_factory=list)
    lag: dict[int, int] = field(default_factory=dict)
    """For each partition, the number of messages still to be read."""
    batches: int = 0
    letters_not_sent: int = 0
    written_at: float = 0.0
    """When the last batch was in both stores, in seconds since 1970."""
    began: float = field(default_factory=monotonic)

    @property
    def lost_messages(self) -> int:
        return sum(stretch.end - stretch.start for stretch in self.lost)

    def take(self, rows: pa.Table) -> None:
        """Counts a batch that both stores have."""
        valid = rows_of.valid(rows)
        self.consumed += rows.num_rows
        self.valid += valid.num_rows
        self.invalid.update(rows_of.invalid(rows)["_fault"].to_pylist())
        late, early = late_and_early(self.entity, valid)
        self.late += late
        self.early += early
        self.batches += 1
        self.written_at = time()

    def document(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "entity": self.entity.name,
            "topic": self.entity.topic,
            "consumed": self.consumed,
            "valid": self.valid,
            "invalid": dict(sorted(self.invalid.items())),
            "duplicates": self.duplicates,
            "conflicts": self.conflicts,
            "late": self.late,
            "early": self.early,
            "written": dict(self.written),
            "caught_up": dict(self.caught_up),
            "lost": [{"partition": at.number, "from": start, "to": end - 1} for at, start, end in self.lost],
            "lag": {str(number): lag for number, lag in sorted(self.lag.items())},
            "batches": self.batches,
            "letters_not_sent": self.letters_not_sent,
            "seconds": round(monotonic() - self.began, 3),
        }  # fmt: skip

    def describe(self) -> Iterator[str]:
        what = f"{self.source}.{self.entity.name}: consumed {self.consumed:,} of topic {self.entity.topic}"
        yield f"{what} in {monotonic() - self.began:,.1f} s, batches: {self.batches:,}"
        yield f"  valid {self.valid:,}: {self.late:,} late, {self.early:,} early"
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(self.invalid.items()))
        yield f"  invalid {self.invalid.total():,}{': ' if reasons else ''}{reasons}"
        yield f"  new in the store: {self.duplicates:,} duplicates, {self.conflicts:,} conflicts"
        for name, count in self.caught_up.items():
            yield f"  the {name} took {count:,} rows from the other store: Kafka no longer holds them"
        if self.letters_not_sent:
            yield f"  {self.letters_not_sent:,} dead letters are in both stores, and not in the dead-letter topic"
        yield f"  lag: {lagging(self.lag)}"


def late_and_early(entity: Entity, valid: pa.Table) -> tuple[int, int]:
    """How many rows have a time too long before their message, and how many a time too far after it."""
    sent = pc.coalesce(valid["_produced_at"], valid["_consumed_at"])
    behind = pc.subtract(sent.cast(pa.int64()), valid[entity.day].cast(pa.int64()))
    late = pc.sum(pc.greater(behind, entity.late_after_seconds * 1_000_000)).as_py()
    early = pc.sum(pc.less(behind, -entity.early_after_seconds * 1_000_000)).as_py()
    return late or 0, early or 0


def lagging(lag: Mapping[int, int]) -> str:
    """The messages still to be read, and the partitions with most of them."""
    if not lag:
        return "this consumer had no partition"
    most = sorted(lag, key=lambda number: (-lag[number], number))[:FEW]
    told = ", ".join(f"partition {number}: {lag[number]:,}" for number in sorted(most))
    return told if len(lag) <= FEW else f"{sum(lag.values()):,} in {len(lag)} partitions, most in {told}"
