"""Puts a backup back into empty places, after every byte of it has been checked.

Databases come first and the landing zone last. Without a landing zone nothing builds, so a restore that was killed
leaves nothing from which a build would go on.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from duckhouse import cli
from duckhouse.backup import manifests
from duckhouse.backup.chunks import Chunks, Kept
from duckhouse.backup.making import DUCKDB, LAKE, LANDING
from duckhouse.backup.manifests import Backup
from duckhouse.backup.storage import storage
from duckhouse.cli import UserError
from duckhouse.landing.zone import EMPTY
from duckhouse.settings import duckdb_path, lake_address, landing_dir

BESIDE = ".restoring"
LOCK = ".lock"


def backups(place: str) -> list[str]:
    """The ids of the backups in a place, oldest first."""
    return manifests.opened(storage(place))[1]


def checked(place: str, identity: str | None = None) -> tuple[str, Backup, Chunks]:
    """A backup, by default the newest, after each byte of it has been compared with its checksum. Raises UserError for
    the first file that is missing or damaged, or that does not belong there."""
    where = storage(place)
    chunks, identities = manifests.opened(where)
    chosen = identity or (identities[-1] if identities else "")
    if chosen not in identities:
        raise UserError(f"{where}: holds no backup{f' {identity}' if identity else ''}")
    backup = manifests.load(where, chosen)
    for name, kept in cli.progress(backup.files.items(), label="check", unit="file"):
        chunks.check(name, kept)
    return chosen, backup, chunks


def restore(place: str, identity: str | None = None) -> dict[str, Any]:
    """Restores a backup, by default the newest; returns what was restored. Raises UserError where it is not whole, or
    where something is in its way: then nothing is touched."""
    chosen, backup, chunks = checked(place, identity)
    places = list(_places(backup))
    for there, _, _ in places:
        _leave_nothing(_beside(there))
    for there, files, write in places:
        write(there, files, chunks)
    if backup.prefix:
        from duckhouse.backup.kept_clickhouse import restore_clickhouse  # not above: dev needs no ClickHouse

        restore_clickhouse(backup, chunks)
    os.sync()
    for there, _, _ in places:
        _leave_nothing(there)  # at most an empty folder, or a zone that nothing has landed in
        _beside(there).rename(there)
    return {
        "backup": chosen,
        "restored": [str(there) for there, _, _ in places],
        "relations": len(backup.relations),
    }


def describe(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"restored backup {result['backup']}"
    yield from result["restored"]
    if result["relations"]:
        yield f"{result['relations']} tables and views of ClickHouse"


Write = Callable[[Path, Mapping[str, Kept], Chunks], None]


def _places(backup: Backup) -> Iterator[tuple[Path, dict[str, Kept], Write]]:
    """Where the parts of a backup go, the landing zone last. Raises UserError where something is in the way."""
    if backup.prefix:
        from duckhouse.backup.kept_clickhouse import refuse_databases

        refuse_databases()
    for name, kept in backup.below(DUCKDB).items():
        yield _free_file(duckdb_path(), name), {name: kept}, _write_file
    if backup.lake:
        yield _free_lake(backup.lake), backup.below(LAKE), _write_files
    yield _free_landing(), backup.below(LANDING), _write_files


def _free_file(path: Path, name: str) -> Path:
    if path.name != name:
        raise UserError(f"DUCKHOUSE_DUCKDB is {path}: its views know the file as {name}, so it must have that name")
    for each in (path, path.with_name(f"{path.name}.wal")):
        if each.exists():
            raise UserError(f"{each} is in the way: move it away, or name another place in DUCKHOUSE_DUCKDB")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _free_lake(origin: str) -> Path:
    path = Path(lake_address()).resolve()
    if str(path) != origin:
        raise UserError(
            f"DUCKHOUSE_LAKE is {lake_address()}: files of a lake name each other by their place, so it can only be "
            f"restored in {origin}"
        )
    if path.exists() and any(path.iterdir()):
        raise UserError(f"{path} is in the way: move it away")
    return path


def _free_landing() -> Path:
    path = landing_dir().resolve()
    for file in sorted(path.rglob("*")):
        if file.is_file() and f"delivery={EMPTY}" not in file.parts and file.suffix != LOCK and file.name != LOCK:
            raise UserError(f"{file} is in the way: move {path} away, or name another place in DUCKHOUSE_LANDING")
    return path


def _write_file(path: Path, files: Mapping[str, Kept], chunks: Chunks) -> None:
    [(name, kept)] = files.items()
    _write(_beside(path), f"{DUCKDB}/{name}", kept, chunks)


def _write_files(folder: Path, files: Mapping[str, Kept], chunks: Chunks) -> None:
    for name, kept in cli.progress(files.items(), label=folder.name, unit="file"):
        path = _beside(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, name, kept, chunks)


def _write(path: Path, name: str, kept: Kept, chunks: Chunks) -> None:
    with path.open("wb") as file:
        for block in chunks.content(name, kept):
            file.write(block)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}{BESIDE}")


def _leave_nothing(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
