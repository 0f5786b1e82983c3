"""Reading a source file: its raw bytes, decompressed and checked, with an error for every fault that prevents it."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from duckhouse.cli import one_line

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK = 4 << 20

_MAGICS = {b"\x1f\x8b": "gzip", b"PAR1": "Parquet", b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2"}


class FileFault(Exception):
    """Why a file cannot be read as its format: the place and what to do, on one line. Nothing of the file lands."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class _Counting(io.RawIOBase):
    """A file that reports how many bytes are read from it."""

    def __init__(self, path: Path, advance: Callable[[int], object]) -> None:
        self._file = path.open("rb", buffering=0)
        self._advance = advance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        count = self._file.readinto(buffer) or 0
        self._advance(count)
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def digest(path: Path, advance: Callable[[int], object] = lambda _: None) -> tuple[str, int]:
    """The sha256 (hex) and size in bytes of the file as stored, compressed or not."""
    total = sha256()
    size = 0
    buffer = bytearray(1 << 20)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            total.update(view[:count])
            size += count
            advance(count)
    return total.hexdigest(), size


def stamp(path: Path) -> tuple[int, int, int]:
    """What changes when a file is written to."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def opened(path: Path, advance: Callable[[int], object]) -> Iterator[io.BufferedReader]:
    """The bytes of a text file, decompressed where its name ends in .gz; `advance` gets the count of stored bytes.

    Raises FileFault for a stream that is cut off or damaged, and for bytes of another format.
    """
    with _Counting(path, advance) as raw:
        try:
            buffered: io.BufferedReader = io.BufferedReader(raw, CHUNK)
            if path.name.endswith(".gz"):
                _refuse_other_format(buffered, "gzip")
                with gzip.GzipFile(fileobj=buffered, mode="rb") as unpacked:
                    yield io.BufferedReader(unpacked, CHUNK)
            else:
                _refuse_other_format(buffered, None)
                yield buffered
        except EOFError:
            raise FileFault(f"the gzip stream is cut off at byte {path.stat().st_size}: fetch the file again") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise FileFault(f"the gzip stream is damaged ({error}): fetch the file again") from None


def _refuse_other_format(file: io.BufferedReader, expected: str | None) -> None:
    start = file.peek(4)[:4]
    found = next((kind for magic, kind in _MAGICS.items() if start.startswith(magic)), None)
    if found not in (None, expected):
        raise FileFault(
            f"byte 0: the bytes are {found}, the name says otherwise: give the file the ending of its format"
            + ("; save a workbook as CSV" if found == "zip" else "")
        )
