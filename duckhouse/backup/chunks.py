"""Files in pieces of a mebibyte, each stored once under the SHA-256 of its bytes.

So a backup adds only the pieces that no earlier one has, also of a database file of which a part has changed.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

import pyarrow as pa

from duckhouse.backup.storage import Storage
from duckhouse.cli import UserError

CHUNK = 1 << 20
FOLDER = "chunks"
CODEC = "zstd"


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Kept:
    """A file of a backup: its bytes, the time of its last write in nanoseconds (0 for what is no file), its chunks."""

    size: int
    modified: int
    chunks: tuple[str, ...]

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Each chunk with its number of bytes."""
        for number, name in enumerate(self.chunks):
            yield name, min(CHUNK, self.size - number * CHUNK)


@dataclass
class Chunks:
    """The chunks of a storage. `added` counts those that this run wrote, and their compressed bytes."""

    storage: Storage
    there: set[str]
    added: int = 0
    added_bytes: int = 0
    checked: set[str] = field(default_factory=set)

    def keep(self, file: Readable, modified: int = 0) -> Kept:
        size, names = 0, []
        for block in blocks(file):
            name = sha256(block).hexdigest()
            if name not in self.there:
                packed = pa.compress(block, codec=CODEC, asbytes=True)
                self.storage.write(path_of(name), packed)
                self.there.add(name)
                self.added, self.added_bytes = self.added + 1, self.added_bytes + len(packed)
            names.append(name)
            size += len(block)
        return Kept(size, modified, tuple(names))

    def check(self, name: str, kept: Kept) -> None:
        """Raises UserError where a chunk of this file is missing or has other bytes than it should have."""
        for chunk, size in kept.sizes():
            if chunk not in self.checked:
                self._read(chunk, size, name)
                self.checked.add(chunk)

    def content(self, name: str, kept: Kept) -> Generator[bytes, None, None]:
        """The bytes of a file, chunk by chunk. Raises UserError as `check` does."""
        for chunk, size in kept.sizes():
            yield self._read(chunk, size, name)

    def forget(self, needed: set[str]) -> None:
        """Removes all other chunks."""
        for chunk in sorted(self.there - needed):
            self.storage.remove(path_of(chunk))
        self.there &= needed

    def _read(self, chunk: str, size: int, name: str) -> bytes:
        path = path_of(chunk)
        try:
            packed = self.storage.read(path)
        except FileNotFoundError:
            raise _refused(self.storage, path, "is missing", name) from None
        try:
            block = bytes(pa.decompress(packed, size, codec=CODEC, asbytes=True))
        except (pa.ArrowException, OSError):
            block = b""
        if sha256(block).hexdigest() != chunk:
            raise _refused(self.storage, path, "is damaged", name)
        return block


def blocks(file: Readable) -> Iterator[bytes]:
    """Pieces of CHUNK bytes, and the rest; a stream may give less at a time than it is asked for."""
    pending = bytearray()
    while piece := file.read(CHUNK - len(pending)):
        pending += piece
        if len(pending) == CHUNK:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)


def path_of(chunk: str) -> str:
    return f"{FOLDER}/{chunk[:2]}/{chunk}"


def _refused(storage: Storage, path: str, what: str, name: str) -> UserError:
    return UserError(f"{storage}/{path} {what}, and holds a part of {name}: nothing is restored; use another backup")
