"""Reads rows from the lake in bounded memory: one file at a time, sorted on disk."""

from collections.abc import Generator, Iterable, Iterator, Sequence

import pyarrow as pa
from pyiceberg.expressions.parser import parse
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import FileScanTask, Table

from duckhouse.duck import literal, name, on_disk
from duckhouse.streaming.lake.long_values import BYTES_OF_A_PIECE, long_values
from duckhouse.streaming.lake.table_of_entity import stored_schema
from duckhouse.streaming.offsets import Partition

PIECE = 50_000
MEMORY_OF_A_SORT = "128MB"
EVERY_ROW = "true"
INVALID = "_fault is not null"


def of_partition(partition: Partition, start: int, end: int) -> str:
    """The filter of the rows of a partition from offset `start` up to before `end`."""
    return (
        f"_topic_id = {literal(partition.topic_id)} and _partition = {partition.number} "
        f"and _offset >= {start} and _offset < {end}"
    )


def files_with(table: Table, rows: str) -> list[FileScanTask]:
    """The files of the current snapshot that may have rows for which the filter holds."""
    return list(table.scan(row_filter=rows).plan_files())


def scanned(table: Table, rows: str, columns: Sequence[str]) -> Iterator[pa.Table]:
    """The rows of the current snapshot for which the filter holds."""
    for file in files_with(table, rows):
        yield from content(table, file, columns, rows)


def content(table: Table, file: FileScanTask, columns: Sequence[str], rows: str = EVERY_ROW) -> Iterator[pa.Table]:
    """The rows of a file for which the filter holds, without those that a delete file removes."""
    stored = stored_schema(table)
    schema = pa.schema([stored.field(column) for column in columns])
    scan = ArrowScan(table.metadata, table.io, table.schema().select(*columns), parse(rows))
    for batch in scan.to_record_batches([file]):
        yield pa.Table.from_batches([batch]).select(columns).cast(schema)


def in_order(
    pieces: Iterable[pa.Table], schema: pa.Schema, keys: Sequence[str], size: int = PIECE
) -> Generator[pa.Table, None, None]:
    """Rows sorted by columns, NULLs first, in pieces of a given size. What does not fit into memory goes to disk and
    stays there until the generator ends or is closed.
    """
    with on_disk(MEMORY_OF_A_SORT) as (duck, folder), long_values(folder) as values:
        duck.execute("set force_compression = 'uncompressed'")
        duck.register("piece", values.taken_out(schema.empty_table()))
        duck.execute("create table disk.unsorted as from piece")
        for piece in pieces:  # one by one: Arrow would read ahead in a stream without limit
            duck.register("piece", values.taken_out(piece.cast(schema)))
            duck.execute("insert into disk.unsorted from piece")
        order = ", ".join(f"{name(key)} nulls first" for key in keys)
        reader = duck.sql(f"select * from disk.unsorted order by {order}").to_arrow_reader(size)
        found = (part for batch in reader for part in values.put_back(pa.Table.from_batches([batch])))
        yield from put_together(found, schema, size)


def put_together(found: Iterable[pa.Table], schema: pa.Schema, size: int = PIECE) -> Iterator[pa.Table]:
    """The same rows in pieces of about that many rows, or fewer where rows are large."""
    waiting: list[pa.Table] = []
    rows = bytes_of_rows = 0
    for piece in found:
        waiting.append(piece)
        rows, bytes_of_rows = rows + len(piece), bytes_of_rows + piece.nbytes
        if rows >= size or bytes_of_rows >= BYTES_OF_A_PIECE:
            yield pa.concat_tables(waiting).cast(schema)
            waiting, rows, bytes_of_rows = [], 0, 0
    if waiting:
        yield pa.concat_tables(waiting).cast(schema)
