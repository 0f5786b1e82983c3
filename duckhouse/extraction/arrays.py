"""PostgreSQL's binary arrays as numpy and Arrow arrays."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
from psycopg.adapt import Transformer
from psycopg.pq import Format

HEADER = 20  # dimensions, flags, type, length and lower bound of one dimension
FLAGS_AT, LENGTH_AT = 4, 12
ELEMENT = np.dtype([("length", ">i4"), ("value", ">i8")])

EPOCH = datetime(2000, 1, 1)
# the range of raw tables, staging and both engines; other times are kept as text in _unmapped
FIRST_TIME, LAST_TIME = datetime(1900, 1, 1), datetime(2299, 12, 31, 23, 59, 59, 999999)


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def fixed_width(cursor: psycopg.Cursor, column: int) -> np.ndarray:
    """The items of an array of 8-byte values without NULLs in the first row; none where the array is NULL."""
    data = _value(cursor, column)
    if data is None:
        return np.empty(0, np.int64)
    return np.frombuffer(data, ELEMENT, _number(data, LENGTH_AT), HEADER)["value"].astype(np.int64)


def integers(cursor: psycopg.Cursor, column: int) -> pa.Array:
    """The items of an array of bigint in the first row."""
    data = _value(cursor, column)
    has_nulls = data is not None and _number(data, FLAGS_AT)
    return pa.array(_items(cursor, column) if has_nulls else fixed_width(cursor, column), pa.int64())


def texts(cursor: psycopg.Cursor, column: int) -> pa.Array:
    """The items of an array of texts in the first row."""
    return pa.array(_items(cursor, column), pa.string())


def times(cursor: psycopg.Cursor, column: int) -> tuple[pa.Array, np.ndarray]:
    """The items of an array of timestamps, and which no engine can hold (NULL here). NULL arrives as -infinity."""
    values = fixed_width(cursor, column)
    outside = (values < _micros(FIRST_TIME)) | (values > _micros(LAST_TIME))
    since_1970 = np.where(outside, 0, values) - _micros(datetime(1970, 1, 1))
    return pa.array(since_1970, pa.int64(), mask=outside).cast(pa.timestamp("us")), outside


def _items(cursor: psycopg.Cursor, column: int) -> list[Any]:
    data = _value(cursor, column)
    if data is None or not cursor.pgresult:
        return []
    found: list[Any] = Transformer(cursor).get_loader(cursor.pgresult.ftype(column), Format.BINARY).load(data)
    return found


def _value(cursor: psycopg.Cursor, column: int) -> bytes | None:
    return cursor.pgresult.get_value(0, column) if cursor.pgresult else None
