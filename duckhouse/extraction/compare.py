"""What changed in a table since the last delivery, found by comparing its rows with the known ones."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from duckhouse.extraction.known import KnownTable
from duckhouse.extraction.reader import RANGE_BITS, Rows, Source, Table

# ids below the greatest known one that are read again by each run: most transactions that commit late are there
LOOK_BACK = 1 << RANGE_BITS


@dataclass(frozen=True)
class Difference:
    """Of one range of ids: the rows to land, in the order of ids, and the ids that are gone."""

    rows: Rows
    land: np.ndarray
    new: int
    deleted: np.ndarray

    def landed(self) -> dict[str, pa.Array]:
        """The columns of the rows to land."""
        if len(self.land) == len(self.rows.ids):
            return self.rows.columns
        places = pa.array(self.land)
        return {name: values.take(places) for name, values in self.rows.columns.items()}


def compare(source: Source, table: Table, known: KnownTable, *, every_row: bool) -> Iterator[Difference]:
    """Differences by range; `known` follows. Rows are read where a digest of PostgreSQL says that something changed,
    at the end of the table always, and with `every_row` everywhere.
    """
    for number, rows in source.read_ranges(table, _numbers(source, table, known, every_row=every_row)):
        if difference := _difference(known, number, rows):
            yield difference


def _numbers(source: Source, table: Table, known: KnownTable, *, every_row: bool) -> Iterator[int]:
    """The ranges to read."""
    start = None if every_row else _start(known)
    if start is not None:
        yield from _changed_ranges(source, table, known, start)
    ours = {number for number in known.digests if start is None or number << RANGE_BITS >= start}
    for number in source.ranges(table, start):
        ours.discard(number)
        yield number
    yield from sorted(ours)


def _start(known: KnownTable) -> int | None:
    if not known.digests:
        return None
    greatest = int(known.read(max(known.digests))[0][-1])
    return ((greatest - LOOK_BACK) >> RANGE_BITS) << RANGE_BITS


def _changed_ranges(source: Source, table: Table, known: KnownTable, below: int) -> list[int]:
    if source.digest(table, below) == known.digest(below):
        return []
    theirs = source.digests(table, below)
    ours = {number: digest for number, digest in known.digests.items() if number << RANGE_BITS < below}
    return sorted(number for number in theirs | ours if theirs.get(number) != ours.get(number))


def _difference(known: KnownTable, number: int, rows: Rows) -> Difference | None:
    ids, hashes = known.read(number)
    place = np.searchsorted(ids, rows.ids)
    place[place == len(ids)] = 0
    is_known = (ids[place] == rows.ids) if len(ids) else np.zeros(len(rows.ids), bool)
    is_same = is_known.copy()
    is_same[is_known] = hashes[place[is_known]] == rows.hashes[is_known]
    deleted = np.setdiff1d(ids, rows.ids, assume_unique=True)
    if is_same.all() and not len(deleted):
        return None
    known.replace(number, rows.ids, rows.hashes)
    return Difference(rows, np.flatnonzero(~is_same), int((~is_known).sum()), deleted)
