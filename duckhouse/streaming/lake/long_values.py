"""Keeps long values out of a sort: an invalid message may have a megabyte, and a few of them exceed a sort's memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

VALUE = "_value"
LONG = 4_096
"""Size in bytes from which a value is put into a file while its row is sorted."""
BYTES_OF_A_PIECE = 32 << 20
_START, _LENGTH = "_start_of_value", "_length_of_value"


@dataclass(frozen=True)
class LongValues:
    """A file with values one after the other. Meanwhile rows have the place of their value in it."""

    file: BinaryIO

    def taken_out(self, rows: pa.Table) -> pa.Table:
        """The rows without their long values, with two more columns for their places."""
        lengths = pc.fill_null(pc.binary_length(rows[VALUE]), 0).to_numpy()
        starts = np.full(len(rows), -1)
        for row in np.flatnonzero(lengths > LONG):
            starts[row] = self.file.tell()
            self.file.write(rows[VALUE][row].as_py())
        is_short = pa.array(starts < 0)
        values = pc.if_else(is_short, rows[VALUE], pa.scalar(None, rows[VALUE].type))
        without = rows.set_column(rows.column_names.index(VALUE), VALUE, values)
        return without.append_column(_START, pa.array(starts)).append_column(_LENGTH, pa.array(lengths))

    def put_back(self, rows: pa.Table) -> Iterator[pa.Table]:
        """The rows with their values, in parts of bounded size, in the same order."""
        part_of_row = np.cumsum(rows[_LENGTH].to_numpy()) // BYTES_OF_A_PIECE
        bounds = [0, *(np.flatnonzero(np.diff(part_of_row)) + 1).tolist(), len(rows)]
        for first, last in pairwise(bounds):
            part = rows.slice(first, last - first)
            yield part.set_column(part.column_names.index(VALUE), VALUE, self._values(part)).drop([_START, _LENGTH])

    def _values(self, rows: pa.Table) -> pa.ChunkedArray:
        starts = rows[_START].to_numpy()
        if (starts < 0).all():
            return rows[VALUE]
        values = rows[VALUE].to_pylist()
        for row in np.flatnonzero(starts >= 0):
            self.file.seek(starts[row])
            values[row] = self.file.read(rows[_LENGTH][row].as_py())
        return pa.chunked_array([pa.array(values, rows[VALUE].type)])


@contextmanager
def long_values(folder: Path) -> Iterator[LongValues]:
    with (folder / "values").open("w+b") as file:
        yield LongValues(file)
