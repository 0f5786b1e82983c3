"""The lines of a JSONL stream as Arrow batches, numbered and counted from the bytes, before anything parses them."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from duckhouse.readers.stored import CHUNK, FileFault

SCHEMA = pa.schema([("row", pa.int64()), ("line", pa.string())])
MAX_RECORD = 16 << 20  # bytes; a longer record is rejected, so that memory stays bounded
KEPT_OF_LONG = 1 << 20  # bytes of such a record that are kept

_NEWLINE, _SPACE = 10, 32
_UTF8_BOM = b"\xef\xbb\xbf"


class Lines:
    """The lines of a stream. `read` and `blank` are complete once the batches are used up.

    A line keeps its line end. Rows are physical lines, from 1. `reject` gets what cannot be a record at all:
    (row, reason, text) for invalid_utf8 (with \\xNN for the bytes that are none) and too_long (its first bytes).
    """

    def __init__(self, stream: BinaryIO, reject: Callable[[int, str, str], None]) -> None:
        self.read = 0
        self.blank = 0
        self._stream = stream
        self._reject = reject

    def batches(self) -> Iterator[pa.RecordBatch]:
        for block in self._blocks():
            yield self._batch(block)

    def _blocks(self) -> Iterator[bytes]:
        """Whole lines, about a chunk at a time; records that are too long are taken out."""
        start = self._stream.read(len(_UTF8_BOM))
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise FileFault("byte 0: the text is UTF-16, JSONL is UTF-8: convert the file")
        pending = bytearray() if start == _UTF8_BOM else bytearray(start)
        too_long = 0
        while chunk := self._stream.read(CHUNK):
            if too_long or len(pending) + max(chunk.find(b"\n"), 0) > MAX_RECORD:
                end = chunk.find(b"\n") + 1
                too_long += end or len(chunk)
                if len(pending) < KEPT_OF_LONG:
                    pending += chunk[:KEPT_OF_LONG]
                if not end:
                    continue
                self._reject_long(pending)
                too_long, pending, chunk = 0, bytearray(), chunk[end:]
            cut = chunk.rfind(b"\n") + 1
            if cut:
                yield b"".join((pending, memoryview(chunk)[:cut]))
                pending = bytearray(chunk[cut:])
            else:
                pending += chunk
        if too_long or len(pending) > MAX_RECORD:
            self._reject_long(pending)
        elif pending:
            yield bytes(pending)

    def _reject_long(self, start: bytearray) -> None:
        self.read += 1
        self._reject(self.read, "too_long", bytes(start[:KEPT_OF_LONG]).decode(errors="backslashreplace"))

    def _batch(self, block: bytes) -> pa.RecordBatch:
        data = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(data == _NEWLINE) + 1
        if data[-1] != _NEWLINE:
            ends = np.append(ends, len(data))
        offsets = np.zeros(len(ends) + 1, np.int32)
        offsets[1:] = ends
        rows = np.arange(self.read + 1, self.read + 1 + len(ends))
        self.read += len(ends)
        dropped = self._blanks(block, data, offsets) + self._invalid(block, offsets, rows)
        lines = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(block))
        batch = pa.record_batch([pa.array(rows), lines], schema=SCHEMA)
        if not dropped:
            return batch
        kept = np.ones(len(ends), bool)
        kept[dropped] = False
        return batch.filter(pa.array(kept))

    def _blanks(self, block: bytes, data: np.ndarray, offsets: np.ndarray) -> list[int]:
        suspects = np.flatnonzero(data[offsets[:-1]] <= _SPACE)
        blanks = [i for i in suspects.tolist() if not block[offsets[i] : offsets[i + 1]].strip()]
        self.blank += len(blanks)
        return blanks

    def _invalid(self, block: bytes, offsets: np.ndarray, rows: np.ndarray) -> list[int]:
        if block.isascii():
            return []
        try:
            block.decode()
        except UnicodeDecodeError:
            invalid = []
            for i in range(len(rows)):
                line = block[offsets[i] : offsets[i + 1]]
                try:
                    line.decode()
                except UnicodeDecodeError:
                    invalid.append(i)
                    self._reject(int(rows[i]), "invalid_utf8", without_end(line.decode(errors="backslashreplace")))
            return invalid
        return []


def without_end(line: str) -> str:
    """A line without its line end."""
    return line.removesuffix("\n").removesuffix("\r")
