"""Messages of the store as Arrow tables, in bounded pieces."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import pyarrow as pa
from psycopg import sql

from duckhouse.sources import Entity
from duckhouse.streaming.rows import schema
from duckhouse.streaming.store.shape import DEAD_LETTER, SQL_TYPES

ROWS_AT_ONCE = 20_000
BYTES_AT_ONCE = 8 << 20
TABLES = 3
"""Tables that hold messages."""
_MICROSECONDS = sql.SQL("(extract(epoch from {0}) * 1000000)::bigint as {0}")


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


def tables(found: Iterable[tuple[Any, ...]], of: pa.Schema) -> Iterator[pa.Table]:
    """Rows of queries above, in pieces."""
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
    """The columns of a message; instants as microseconds, as Python knows no year 10,000."""
    return sql.SQL(", ").join(_column(field, has) for field in schema(entity))


def _column(field: pa.Field, has: Collection[str]) -> sql.Composable:
    name = sql.Identifier(field.name)
    is_instant = pa.types.is_timestamp(field.type)
    if field.name not in has:
        return sql.SQL("null::{} as {}").format(sql.SQL("bigint" if is_instant else SQL_TYPES[field.type]), name)
    return _MICROSECONDS.format(name) if is_instant else name
