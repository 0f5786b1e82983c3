"""Repairs of the lake: files with invalid rows are rewritten with the rows that a replay made of them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask, Table

from duckhouse.streaming.lake.commits import TRIES, commit
from duckhouse.streaming.lake.data_files import discard, file_of
from duckhouse.streaming.lake.scans import INVALID, content, files_with, in_order
from duckhouse.streaming.lake.table_of_entity import ARRIVAL, sort_keys, stored_schema
from duckhouse.streaming.offsets import Partition
from duckhouse.streaming.rows import PLACE, invalid, places, valid

Place = tuple[Partition, int]


@dataclass(frozen=True)
class Better:
    """The rows that replace invalid ones, and their number by place."""

    rows: pa.Table
    numbers: Mapping[Place, int]

    def numbers_for(self, faulty: pa.Table) -> list[int | None]:
        """For each faulty row, the number of the row that replaces it, or None."""
        return [self.numbers.get(place) for place in places(faulty)]


def repair(table: Table, rows: pa.Table) -> int:
    """Replaces invalid rows in one commit, keeping their time of arrival; returns how many."""
    better = Better(rows, {place: number for number, place in enumerate(places(rows))})
    for _ in range(TRIES):
        found = _files_to_repair(table.refresh(), better)
        added = [_written_anew(table, file, better) for file, _ in found]
        try:
            if found:
                commit(table, added, [file.file for file, _ in found])
            return sum(hits for _, hits in found)
        except ValidationException:  # another writer removed one of these files: compaction, or a repair
            discard(table, added)
    raise CommitFailedException


def _files_to_repair(table: Table, better: Better) -> list[tuple[FileScanTask, int]]:
    """The files that have rows to replace, and how many."""
    names = [field.name for field in PLACE]
    found = []
    for file in files_with(table, INVALID):
        numbers = [better.numbers_for(piece) for piece in content(table, file, names, INVALID)]
        if hits := sum(number is not None for of_piece in numbers for number in of_piece):
            found.append((file, hits))
    return found


def _written_anew(table: Table, file: FileScanTask, better: Better) -> DataFile:
    schema = stored_schema(table)
    repaired = _repaired(content(table, file, schema.names), better)
    order = file.file.sort_order_id
    in_its_order = closing(in_order(repaired, schema, sort_keys(table))) if order else nullcontext(repaired)
    with in_its_order as pieces:
        return file_of(table, pieces, file.file.partition[0], order=order)


def _repaired(pieces: Iterable[pa.Table], better: Better) -> Iterator[pa.Table]:
    for piece in pieces:
        faulty = invalid(piece)
        numbers = better.numbers_for(faulty)
        replaced = pa.array([number is not None for number in numbers], pa.bool_())
        new = better.rows.take([number for number in numbers if number is not None])
        arrived = faulty.filter(replaced)[ARRIVAL]
        yield pa.concat_tables(
            [valid(piece), faulty.filter(pc.invert(replaced)), _with_arrival(new, arrived)], promote_options="default"
        ).select(piece.column_names)


def _with_arrival(rows: pa.Table, arrived: pa.ChunkedArray) -> pa.Table:
    at = rows.column_names.index(ARRIVAL)
    return rows.set_column(at, rows.schema.field(at), arrived)
