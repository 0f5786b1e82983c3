"""Messages of the store as Arrow tables, in bounded pieces."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

from duckhouse.sources import Entity
from duckhouse.streaming.rows import schema
from duckhouse.streaming.store.copying import EPOCH
from duckhouse.streaming.store.shape import DEAD_LETTER, SQL_TYPES

ROWS_AT_ONCE = 20_000
BYTES_AT_ONCE = 8 << 20
TABLES = 3
"""Tables that hold messages."""


class _Instant(Loader):
    """Microseconds since 1970: Python has no year 10,000."""

    format = Format.BINARY

    def load(self, data: Buffer) -> int:
        return int.from_bytes(data, "big", signed=True) + EPOCH


def rows(entity: Entity, columns: Collection[str]) -> sql.Composed:
    """The messages of a partition, by offset. Parameters: topic id, partition, first offset and the one after the last;
    for each of TABLES.
    """
    return sql.SQL("{} order by _offset").format(
        sql.SQL(" union all ").join(
            sql.SQL(
                "select {} from {} where _topic_id = %s and _partition = %s and _offset >= %s and _offset < %s"
            ).format(_columns(entity, has), sql.Identifier(table))
            for table, has in (("readings", columns), ("reading_repeats", columns), ("dead_letters", DEAD_LETTER))
        )
    )


def dead_letters(entity: Entity) -> sql.Composed:
    return sql.SQL("select {} from dead_letters order by _topic_id, _partition, _offset").format(
        _columns(entity, DEAD_LETTER)
    )


def messages(
    connection: psycopg.Connection, query: sql.Composed, parameters: Sequence[object], of: pa.Schema
) -> Iterator[pa.Table]:
    """The result of a query of this module, in pieces."""
    with connection.cursor(binary=True) as cursor:
        cursor.adapters.register_loader("timestamptz", _Instant)
        yield from _tables(cursor.stream(query, parameters), of)


def _tables(found: Iterable[tuple[Any, ...]], of: pa.Schema) -> Iterator[pa.Table]:
    value = of.get_field_index("_value")
    piece: list[tuple[Any, ...]] = []
    size = 0
    for row in found:
        piece.append(row)
        size += len(row[value] or b"")
        if len(piece) == ROWS_AT_ONCE or size >= BYTES_AT_ONCE:
            yield _table(piece, of)
            piece, size = [], 0
    if piece:
        yield _table(piece, of)


def _table(rows: list[tuple[Any, ...]], of: pa.Schema) -> pa.Table:
    arrays = [
        pa.array(values, pa.int64()).cast(field.type)
        if pa.types.is_timestamp(field.type)
        else pa.array(values, field.type)
        for field, values in zip(of, zip(*rows, strict=True), strict=True)
    ]
    return pa.table(arrays, schema=of)


def _columns(entity: Entity, has: Collection[str]) -> sql.Composed:
    """The columns of a message; NULL for a column that the table lacks."""
    return sql.SQL(", ").join(_column(field, has) for field in schema(entity))


def _column(field: pa.Field, has: Collection[str]) -> sql.Composable:
    name = sql.Identifier(field.name)
    return name if field.name in has else sql.SQL("null::{} as {}").format(sql.SQL(SQL_TYPES[field.type]), name)
