"""Leftovers: files in the table's folder that no snapshot uses, because of expiry or of a failed commit.

A commit in progress has such files too. So a file is recorded when it is first seen, and removed when it is still a
leftover a day later.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import cast

from pyarrow.fs import FileSelector, FileSystem, FileType
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import Table

AGE = timedelta(days=1)
"""How long a commit may take, and how long a reader may need the files of a snapshot that has expired."""
BETWEEN_LOOKS = timedelta(hours=1)
NOTES = "leftovers.json"
"""In the folder of the table: when the folder was last searched, and since when each leftover is known."""

Since = dict[str, datetime]


def remove_leftovers(table: Table, now: datetime, *, always: bool = True) -> int:
    """Removes old leftovers, and records new ones; returns how many files were removed.

    Without `always` it does so only where the last search is an hour ago.
    """
    looked, before = _noted(table)
    if not always and looked and now - looked < BETWEEN_LOOKS:
        return 0
    found = _files(table)  # before the table is read: a commit in between can only use some of these
    left = found - {_path(location) for location in needed(table.refresh())}
    since = {path: before.get(path, now) for path in left}
    old = {path for path, seen in since.items() if now - seen >= AGE}
    scheme = PyArrowFileIO.parse_location(table.location())[0]
    for path in sorted(old):
        with suppress(FileNotFoundError):
            table.io.delete(f"{scheme}://{path}")
    _note(table, now, {path: seen for path, seen in since.items() if path not in old})
    return len(old)


def has_data(location: str, io: FileIO) -> bool:
    """Whether there are data files at a location."""
    selector = FileSelector(f"{_path(location)}/data", recursive=True, allow_not_found=True)
    return any(each.type == FileType.File for each in _file_system(location, io).get_file_info(selector))


def needed(table: Table) -> Iterator[str]:
    """The files of every snapshot, and of the metadata that a reader may have loaded."""
    yield f"{table.location()}/{NOTES}"
    yield table.metadata_location
    yield from (entry.metadata_file for entry in table.metadata.metadata_log)
    yield from (each.statistics_path for each in table.metadata.statistics)
    read: set[str] = set()
    for snapshot in table.snapshots():
        yield snapshot.manifest_list
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path not in read:
                read.add(manifest.manifest_path)
                yield manifest.manifest_path
                yield from (entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io))


def _files(table: Table) -> set[str]:
    selector = FileSelector(_path(table.location()), recursive=True)
    return {
        each.path
        for each in _file_system(table.location(), table.io).get_file_info(selector)
        if each.type == FileType.File
    }


def _file_system(location: str, io: FileIO) -> FileSystem:
    scheme, netloc, _ = PyArrowFileIO.parse_location(location)
    by_scheme: Callable[[str, str], FileSystem] = cast(PyArrowFileIO, io).fs_by_scheme
    return by_scheme(scheme, netloc)


def _path(location: str) -> str:
    """A location as its file system lists it."""
    return PyArrowFileIO.parse_location(location)[2]


def _noted(table: Table) -> tuple[datetime | None, Since]:
    """What the last search recorded; nothing where it was killed while writing."""
    try:
        with table.io.new_input(f"{table.location()}/{NOTES}").open() as file:
            noted = json.loads(file.read())
        since = {path: datetime.fromisoformat(seen) for path, seen in noted["since"].items()}
        return datetime.fromisoformat(noted["looked"]), since
    except (FileNotFoundError, ValueError, KeyError):
        return None, {}


def _note(table: Table, now: datetime, since: Since) -> None:
    noted = {"looked": now.isoformat(), "since": {path: seen.isoformat() for path, seen in sorted(since.items())}}
    with table.io.new_output(f"{table.location()}/{NOTES}").create(overwrite=True) as file:
        file.write(json.dumps(noted, indent=1).encode())
