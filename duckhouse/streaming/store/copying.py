"""Rows of an Arrow table in the binary format of PostgreSQL's COPY, built by column: a loop over rows would take longer
than the server.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duckhouse.cli import UserError

BYTES_AT_ONCE = 4 << 20
LONG = 256
"""Size in bytes from which a value is copied separately: indexing takes eight bytes for each byte."""
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
EPOCH = 946_684_800_000_000
"""2000-01-01, from which PostgreSQL counts, in microseconds since 1970."""
FIRST = -210_866_803_200_000_000
"""The first microsecond that PostgreSQL can store, in 4714 BC. Arrow's last one is before PostgreSQL's last one."""
NULL = -1
_FIXED = {pa.float64(): ">f8", pa.int64(): ">i8", pa.int32(): ">i4", pa.int8(): ">i1"}


@dataclass(frozen=True)
class _Values:
    """The bytes of a column one after the other, where each row's bytes start, and how many there are, or NULL."""

    data: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray

    def __getitem__(self, rows: slice) -> "_Values":
        return _Values(self.data, self.starts[rows], self.sizes[rows])

    @property
    def present(self) -> np.ndarray:
        """How many bytes each row has."""
        present: np.ndarray = np.maximum(self.sizes, 0)
        return present


def copied(table: pa.Table) -> Iterator[bytes]:
    """The input of COPY … (FORMAT binary), in pieces of a few megabytes. Columns are text, bytes, numbers, booleans and
    instants in microseconds. Raises UserError for an instant that PostgreSQL cannot store.
    """
    columns = [_values(name, column.combine_chunks()) for name, column in zip(table.column_names, table, strict=True)]
    row_bytes = sum((column.present for column in columns), np.full(table.num_rows, 2 + 4 * len(columns)))
    yield HEADER
    for rows in _pieces(row_bytes):
        yield _piece([column[rows] for column in columns], row_bytes[rows])
    yield END


def _pieces(row_bytes: np.ndarray) -> Iterator[slice]:
    until = np.cumsum(row_bytes)
    start = 0
    while start < len(until):
        before = until[start - 1] if start else 0
        end = max(int(np.searchsorted(until, before + BYTES_AT_ONCE, "right")), start + 1)
        yield slice(start, end)
        start = end


def _piece(columns: list[_Values], row_bytes: np.ndarray) -> bytes:
    piece = np.empty(int(row_bytes.sum()), np.uint8)
    places = np.cumsum(row_bytes) - row_bytes
    _put_numbers(piece, places, np.full(len(places), len(columns), ">i2"))
    places += 2
    for column in columns:
        _put_numbers(piece, places, column.sizes.astype(">i4"))
        places += 4
        _put_values(piece, places, column)
        places += column.present
    return piece.tobytes()


def _put_numbers(piece: np.ndarray, places: np.ndarray, numbers: np.ndarray) -> None:
    width = numbers.itemsize
    piece[places[:, None] + np.arange(width)] = numbers.view(np.uint8).reshape(-1, width)


def _put_values(piece: np.ndarray, places: np.ndarray, column: _Values) -> None:
    present = column.present
    long = present >= LONG
    for place, start, size in zip(places[long], column.starts[long], present[long], strict=True):
        piece[place : place + size] = column.data[start : start + size]
    present = np.where(long, 0, present)
    steps = np.arange(present.sum()) - np.repeat(np.cumsum(present) - present, present)
    piece[steps + np.repeat(places, present)] = column.data[steps + np.repeat(column.starts, present)]


def _values(name: str, column: pa.Array) -> _Values:
    there = column.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_timestamp(column.type):
        column = _instants(name, column)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if column.type in _FIXED:
        data = column.fill_null(0).to_numpy(zero_copy_only=False).astype(_FIXED[column.type])
        width = data.itemsize
        return _Values(data.view(np.uint8), np.arange(len(data)) * width, np.where(there, width, NULL))
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    return _Values(
        np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8),
        bounds[:-1],
        np.where(there, np.diff(bounds), NULL),
    )


def _instants(name: str, column: pa.Array) -> pa.Array:
    """Microseconds since PostgreSQL's epoch."""
    since_1970 = column.cast(pa.int64())
    if pc.any(pc.less(since_1970, FIRST)).as_py():
        raise UserError(f"{name}: a time before 4714 BC, which PostgreSQL cannot keep")
    return pc.subtract(since_1970, EPOCH)
