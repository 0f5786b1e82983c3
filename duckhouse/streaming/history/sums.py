"""Hashes of rows that DuckDB and PostgreSQL compute alike; their sum is a checksum that ignores the order of the rows.

A row is written as text, its values in their order with commas between them:
- a number, a boolean or an instant as the 16 hexadecimal digits of eight bytes: a double as IEEE 754 has it, an integer
  or a boolean in two's complement, an instant as microseconds since 2000-01-01;
- a text as its length in bytes, a colon, and itself; bytes as the text of their hexadecimal digits;
- NULL as a hyphen.
The hash is the number in the first 15 hexadecimal digits of the MD5 of that text, so it has 60 bits. It detects
accidental differences; it does not protect against deliberate ones.
"""

from collections.abc import Sequence

import pyarrow as pa
from psycopg import sql

from duckhouse.duck import name
from duckhouse.streaming.store.copying import EPOCH

_BITS = "_bits of "
_SENT = {
    pa.float64(): "float8send({})",
    pa.int64(): "int8send({})",
    pa.int32(): "int8send({}::bigint)",
    pa.bool_(): "int8send({}::int::bigint)",
    pa.timestamp("us", tz="UTC"): "timestamptz_send({})",
}
"""How PostgreSQL gives the eight bytes of a value."""


def with_bits(rows: pa.Table) -> pa.Table:
    """Rows, and beside each value of a fixed width its eight bytes as an integer, which in_duckdb() reads."""
    for field in rows.schema:
        if field.type in _SENT:
            rows = rows.append_column(_BITS + field.name, _bits(rows[field.name].combine_chunks()))
    return rows


def in_duckdb(fields: Sequence[pa.Field]) -> str:
    """The hash of a row that with_bits() has made."""
    return f"('0x' || left(md5(concat_ws(',', {', '.join(map(_duckdb_text, fields))})), 15))::bigint"


def in_postgres(fields: Sequence[pa.Field]) -> sql.Composed:
    """The hash of a row of a table with these columns."""
    return sql.SQL("('x' || left(md5(concat_ws(',', {})), 15))::bit(60)::bigint").format(
        sql.SQL(", ").join(map(_postgres_text, fields))
    )


def _bits(values: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(values.type):
        since_1970 = values.cast(pa.int64())
        return pa.compute.subtract(since_1970, EPOCH)
    return values.view(pa.int64()) if pa.types.is_floating(values.type) else values.cast(pa.int64())


def _duckdb_text(field: pa.Field) -> str:
    column = name(field.name)
    if field.type in _SENT:
        return f"coalesce(lpad(lower(to_hex({name(_BITS + field.name)})), 16, '0'), '-')"
    text = f"lower(hex({column}))" if pa.types.is_binary(field.type) else column
    return f"coalesce(strlen({text}) || ':' || {text}, '-')"


def _postgres_text(field: pa.Field) -> sql.Composed:
    column = sql.Identifier(field.name)
    if field.type in _SENT:
        return sql.SQL(f"coalesce(encode({_SENT[field.type]}, 'hex'), '-')").format(column)
    text = sql.SQL("encode({}, 'hex')" if pa.types.is_binary(field.type) else "{}").format(column)
    return sql.SQL("coalesce(octet_length({0}) || ':' || {0}, '-')").format(text)
