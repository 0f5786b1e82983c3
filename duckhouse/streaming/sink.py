"""What the consumer asks of a store. The lake and the time-series store answer to it alike."""

from collections.abc import Iterator
from typing import Protocol

import pyarrow as pa

from duckhouse.streaming.offsets import Offsets, Partition


class Overtaken(Exception):
    """Another writer has moved a partition: nothing was written. Read the offsets again and decide anew."""


class Sink(Protocol):
    """A store of messages. Its rows and its offsets change together, in one commit, or not at all."""

    @property
    def name(self) -> str:
        """What people call it: lake, store."""

    def offsets(self) -> Offsets:
        """How far this store is, now."""

    def write(self, rows: pa.Table, expected: Offsets, reached: Offsets) -> None:
        """Adds rows (rows.schema of the entity) and moves the partitions in `reached` there, in one commit.

        Raises Overtaken where a partition of `reached` does not stand at its offset in `expected` (a partition that
        `expected` does not name: where it stands anywhere). Partitions that `reached` does not name stay as they are.
        """

    def rows(self, partition: Partition, start: int, end: int) -> Iterator[pa.Table]:
        """The rows of a partition from offset `start` up to before `end`, by offset, in bounded pieces."""

    def invalid(self) -> Iterator[pa.Table]:
        """The invalid rows, in bounded pieces."""

    def missing(self, rows: pa.Table) -> pa.Table:
        """Those of the rows whose place this store does not have."""

    def add(self, rows: pa.Table) -> None:
        """Adds rows that are missing, and moves no offset: what a replay finds."""

    def repair(self, rows: pa.Table) -> int:
        """Puts rows in the place of the invalid ones of the same place, in one commit; how many there were."""
