"""What the consumer needs from a store. The lake and the time-series store both implement it."""

from collections.abc import Iterator
from typing import Protocol

import pyarrow as pa

from duckhouse.streaming.offsets import Offsets, Partition


class Overtaken(Exception):
    """Another writer has moved a partition: nothing was written. Read the offsets again and decide again."""


class Sink(Protocol):
    """A store of messages. Its rows and its offsets change together, in one commit, or not at all."""

    @property
    def name(self) -> str:
        """Its name for people: lake or store."""

    def offsets(self) -> Offsets:
        """How far this store is now."""

    def write(self, rows: pa.Table, expected: Offsets, reached: Offsets) -> None:
        """Adds rows (rows.schema of the entity) and moves the partitions in `reached` there, in one commit.

        Raises Overtaken where a partition of `reached` is not at its offset in `expected`, or is at any offset although
        `expected` does not name it. Partitions that `reached` does not name stay as they are.
        """

    def rows(self, partition: Partition, start: int, end: int) -> Iterator[pa.Table]:
        """The rows of a partition from offset `start` up to before `end`, by offset, in bounded pieces."""

    def invalid(self) -> Iterator[pa.Table]:
        """The invalid rows, in bounded pieces."""

    def missing(self, rows: pa.Table) -> pa.Table:
        """The rows among these whose place this store does not have."""

    def add(self, rows: pa.Table) -> None:
        """Adds missing rows that a replay found, without moving offsets."""

    def repair(self, rows: pa.Table) -> int:
        """Replaces the invalid rows at the same places with these, in one commit; returns how many."""
