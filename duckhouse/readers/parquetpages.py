"""The unpacked size of the pages of a Parquet file, read from their headers before anything is unpacked.

A header is a Thrift struct in the compact protocol (parquet.thrift, PageHeader); its sizes are its fields 2 and 3.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow.parquet as pq

_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
_HEADER, _LONGEST_HEADER = 1 << 12, 1 << 20  # bytes; statistics in a header hold values


def unpacked_sizes(path: Path, metadata: pq.FileMetaData) -> Iterator[tuple[str, int]]:
    """The column and the bytes of each page, dictionaries included. Raises ValueError for an invalid header."""
    with path.open("rb") as file:
        for group in map(metadata.row_group, range(metadata.num_row_groups)):
            for chunk in map(group.column, range(group.num_columns)):
                offset = min(filter(None, (chunk.dictionary_page_offset, chunk.data_page_offset)))
                end = offset + chunk.total_compressed_size
                while offset < end:
                    header = _header(file, offset)
                    yield chunk.path_in_schema, header.unpacked
                    offset += header.length + header.packed


def _header(file: BinaryIO, offset: int) -> "_Header":
    file.seek(offset)
    start = file.read(_HEADER)
    try:
        return _Header(start)
    except ValueError:
        return _Header(start + file.read(_LONGEST_HEADER))


class _Header:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.length = 0
        try:
            sizes = self._struct()
            self.unpacked, self.packed = sizes[2], sizes[3]
        except (IndexError, KeyError, RecursionError) as error:
            raise ValueError("a page without a header") from error
        if self.packed < 0:
            raise ValueError("a page of less than no bytes")

    def _byte(self) -> int:
        self.length += 1
        return self._data[self.length - 1]

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def _struct(self) -> dict[int, int]:
        """Its integer fields."""
        fields: dict[int, int] = {}
        number = 0
        while (head := self._byte()) != _STOP:
            number = number + (head >> 4) if head >> 4 else self._whole()
            kind = head & 0x0F
            if kind in (_TRUE, _FALSE):
                continue
            if _BYTE < kind < _DOUBLE:
                fields[number] = self._whole()
            else:
                self._skip(kind)
        return fields

    def _whole(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _skip(self, kind: int) -> None:
        if kind == _STRUCT:
            self._struct()
        elif kind == _BINARY:
            size = self._varint()
            self.length += size
        elif kind in (_BYTE, _DOUBLE):
            self.length += 1 if kind == _BYTE else 8
        else:
            raise ValueError("a page header with lists: no version of the format has them")
