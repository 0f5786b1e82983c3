"""A backup in progress: what is put into it, as files and as streams."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from os import stat_result
from pathlib import Path

from duckhouse.backup.chunks import Chunks, Kept, Readable
from duckhouse.scratch import scratch_folder

DUCKDB, LANDING, LAKE, CLICKHOUSE = "duckdb", "landing", "lake", "clickhouse"
"""The folders of a backup."""
CATALOG = "catalog.db"
"""Of the lake, in its folder."""


@dataclass
class Making:
    """A backup in progress. `before` are the files of the one before: those that did not change are not read again."""

    chunks: Chunks
    before: Mapping[str, Kept]
    files: dict[str, Kept] = field(default_factory=dict)

    def stream(self, name: str, file: Readable, status: stat_result | None = None) -> None:
        known, modified = self.before.get(name), status.st_mtime_ns if status else 0
        is_known = known and status and (known.size, known.modified) == (status.st_size, modified)
        if known and is_known and self.chunks.there.issuperset(known.chunks):
            self.files[name] = known
        else:
            self.files[name] = self.chunks.keep(file, modified)

    def file(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            self.stream(name, file, path.stat())


@contextmanager
def sqlite_copy(path: Path) -> Iterator[Path]:
    """A consistent copy of an SQLite file, whoever writes to it."""
    with scratch_folder() as folder:
        copy = folder / path.name
        address = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        yield copy
