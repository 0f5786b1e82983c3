"""Adds what a replay finds: rows whose place the lake does not have."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import Table

from duckhouse.streaming import rows as rows_of
from duckhouse.streaming.lake.commits import TRIES, commit
from duckhouse.streaming.lake.data_files import discard, files_of
from duckhouse.streaming.lake.scans import of_partition, scanned
from duckhouse.streaming.offsets import Offsets, Partition


class _Added(Exception):
    """Another writer has added some of the rows."""


def missing(table: Table, rows: pa.Table) -> pa.Table:
    """Those of the rows whose place the current snapshot does not have."""
    kept = [_missing_of(table, partition, of_it) for partition, of_it in _by_partition(rows)]
    return pa.concat_tables([rows.slice(0, 0), *kept])


def add(table: Table, rows: pa.Table) -> None:
    """Adds those of the rows that are missing at commit; the offsets stay."""

    def unless_added(offsets: Offsets) -> Offsets:
        if len(missing(table, left)) < len(left):
            raise _Added
        return offsets

    for _ in range(TRIES):
        left = missing(table.refresh(), rows)
        files = list(files_of(table, left))
        try:
            if files:
                commit(table, files, offsets=unless_added)
            return
        except _Added:
            discard(table, files)
    raise CommitFailedException


def _by_partition(rows: pa.Table) -> Iterator[tuple[Partition, pa.Table]]:
    for partition in sorted({partition for partition, _ in rows_of.places(rows)}):
        yield partition, rows_of.of_partition(rows, partition)


def _missing_of(table: Table, partition: Partition, rows: pa.Table) -> pa.Table:
    offsets = rows["_offset"]
    ends = pc.min_max(offsets).as_py()
    between = of_partition(partition, ends["min"], ends["max"] + 1)
    there = [
        piece["_offset"].filter(pc.is_in(piece["_offset"], value_set=offsets)).combine_chunks()
        for piece in scanned(table, between, ["_offset"])
    ]
    known = pa.concat_arrays([pa.array([], pa.int64()), *there])
    return rows.filter(pc.invert(pc.is_in(offsets, value_set=known)))
