"""The lines of a JSONL stream as Arrow batches, numbered and counted from the bytes, before anything parses them."""

import re
from collections.abc import Callable, Iterator
from io import BufferedReader

import numpy as np
import pyarrow as pa

from duckhouse.readers.stored import CHUNK, FileFault

SCHEMA = pa.schema([("row", pa.int64()), ("line", pa.string())])
MAX_RECORD = 16 << 20  # bytes; a longer record is rejected, so that memory stays bounded
KEPT_OF_LONG = 1 << 20  # bytes of such a record that are kept
NOT_UTF8 = re.compile("[\udc80-\udcff]")  # what the error handler surrogateescape makes of other bytes

_NEWLINE, _SPACE, _NOT_ASCII = 10, 32, 128
_UTF8_BOM = b"\xef\xbb\xbf"


class Lines:
    """The lines of a stream. `read` and `blank` are complete once the batches are used up.

    A line keeps its line end. Rows are physical lines, from 1. `reject` gets what cannot be a record at all:
    (row, reason, text) for invalid_utf8 (with \\xNN for invalid bytes) and too_long (its first bytes).
    """

    def __init__(self, stream: BufferedReader, reject: Callable[[int, str, str], None]) -> None:
        self.read = 0
        self.blank = 0
        self._stream = stream
        self._reject = reject

    def batches(self) -> Iterator[pa.RecordBatch]:
        for view, offsets in self._blocks():
            yield self._batch(view, offsets)

    def _blocks(self) -> Iterator[tuple[memoryview, np.ndarray]]:
        """About one chunk at a time, and the offsets of its complete lines; records that are too long are left out."""
        pending = self._start()
        while True:
            # Arrow reuses memory; new memory is cleared by the system first, which takes longer than reading.
            view = memoryview(pa.allocate_buffer(len(pending) + CHUNK)).cast("B")
            view[: len(pending)] = pending
            count = self._stream.readinto(view[len(pending) :])
            view = view[: len(pending) + count]
            newlines = np.flatnonzero(np.asarray(view) == _NEWLINE)
            begin = 0
            if (newlines[0] if len(newlines) else len(view)) > MAX_RECORD:
                self._reject_long(view)
                begin = newlines[0] + 1 if len(newlines) else self._skip_line(view)
                newlines = newlines[1:]
            offsets = np.append(begin, newlines + 1)
            if not count and offsets[-1] < len(view):
                offsets = np.append(offsets, len(view))
            if len(offsets) > 1:
                yield view, offsets
            if not count:
                return
            pending = bytes(view[offsets[-1] :])

    def _start(self) -> bytes:
        start = self._stream.read(len(_UTF8_BOM))
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise FileFault("byte 0: the text is UTF-16, JSONL is UTF-8: convert the file")
        return b"" if start == _UTF8_BOM else start

    def _reject_long(self, start: memoryview) -> None:
        self.read += 1
        self._reject(self.read, "too_long", bytes(start[:KEPT_OF_LONG]).decode(errors="backslashreplace"))

    def _skip_line(self, start: memoryview) -> int:
        """Reads to the end of a line that begins with `start`, which is used up by then."""
        while (more := self._stream.readline(CHUNK)) and not more.endswith(b"\n"):
            continue
        return len(start)

    def _batch(self, view: memoryview, offsets: np.ndarray) -> pa.RecordBatch:
        rows = np.arange(self.read + 1, self.read + len(offsets))
        self.read += len(rows)
        dropped = self._blanks(view, offsets) + self._invalid(view, offsets, rows)
        places = pa.py_buffer(offsets.astype(np.int32))
        lines = pa.StringArray.from_buffers(len(rows), places, pa.py_buffer(view))
        batch = pa.record_batch([pa.array(rows), lines], schema=SCHEMA)
        if not dropped:
            return batch
        kept = np.ones(len(rows), bool)
        kept[dropped] = False
        return batch.filter(pa.array(kept))

    def _blanks(self, view: memoryview, offsets: np.ndarray) -> list[int]:
        suspects = np.flatnonzero(np.asarray(view)[offsets[:-1]] <= _SPACE)
        blanks = [i for i in suspects.tolist() if not bytes(view[offsets[i] : offsets[i + 1]]).strip()]
        self.blank += len(blanks)
        return blanks

    def _invalid(self, view: memoryview, offsets: np.ndarray, rows: np.ndarray) -> list[int]:
        if np.asarray(view).max() < _NOT_ASCII:
            return []
        try:
            str(view[offsets[0] : offsets[-1]], "utf-8")
        except UnicodeDecodeError:
            invalid = []
            for i in range(len(rows)):
                line = bytes(view[offsets[i] : offsets[i + 1]])
                try:
                    line.decode()
                except UnicodeDecodeError:
                    invalid.append(i)
                    self._reject(int(rows[i]), "invalid_utf8", without_end(line.decode(errors="backslashreplace")))
            return invalid
        return []


def printable(text: str) -> str:
    """The text with \\xNN for bytes that surrogateescape replaced."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def without_end(line: str) -> str:
    """A line without its line end."""
    return line.removesuffix("\n").removesuffix("\r")
