"""Makes a backup: first the databases, then the landing zone, then the lake.

Each of them holds what the ones before were made from. So whatever arrives meanwhile is in landing but not in the
databases, and the next build brings it; the other way round, a database would hold a delivery that landing lacks, and
that would land a second time.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from duckhouse import cli
from duckhouse.backup import manifests
from duckhouse.backup.making import CATALOG, DUCKDB, LANDING, Making, sqlite_copy
from duckhouse.backup.manifests import Backup
from duckhouse.backup.storage import BUCKET, Storage, storage
from duckhouse.landing.zone import Zone
from duckhouse.locks import held
from duckhouse.opening import open_duckdb
from duckhouse.settings import duckdb_path, lake_address, lake_catalog, landing_dir
from duckhouse.sources import load_source, sources
from duckhouse.state import state_path

LOCK = "backup.lock"
PASSING = (".lock", ".new", "-journal", "-wal", "-shm")  # of a process that runs
SQLITE = ".sqlite"


def back_up(place: str, targets: Sequence[str], keep: int | None = None) -> dict[str, Any]:
    """Backs up landing, lake and these targets, and removes all backups but the newest `keep`; returns what was done.

    Raises UserError where a build, a load or another backup is running.
    """
    where = storage(place)
    with ExitStack() as stack:
        try:
            stack.enter_context(held(state_path(LOCK)))
        except BlockingIOError:
            raise cli.UserError("another backup is running: wait for it to end") from None
        chunks, identities = manifests.opened(where)
        making = Making(chunks, manifests.load(where, identities[-1]).files if identities else {})
        backup = _kept(making, targets)
        identity = manifests.save(where, backup)
        removed = _forget(where, [*identities, identity], keep) if keep else []
    return {
        "backup": identity,
        "files": len(backup.files),
        "bytes": sum(kept.size for kept in backup.files.values()),
        "new_chunks": chunks.added,
        "new_bytes": chunks.added_bytes,
        "removed": removed,
        "left_out": _lake_elsewhere(),
    }


def describe(result: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"backup {result['backup']}: {result['files']:,} files, {result['bytes']:,} bytes; "
        f"new are {result['new_chunks']:,} chunks, {result['new_bytes']:,} bytes"
    )
    yield from (f"removed backup {identity}" for identity in result["removed"])
    if result["left_out"]:
        yield f"warning: {result['left_out']}"


def _kept(making: Making, targets: Sequence[str]) -> Backup:
    relations: Sequence[manifests.KeptRelation] = ()
    prefix = lake = None
    if "prod" in targets:
        from duckhouse.backup.kept_clickhouse import keep_clickhouse  # not above: dev needs no ClickHouse

        prefix, relations = keep_clickhouse(making)
    if "dev" in targets:
        _keep_duckdb(making)
    _keep_landing(making)
    if not _lake_elsewhere() and (Path(lake_address()) / CATALOG).exists():
        from duckhouse.backup.kept_lake import keep_lake  # not above: what has no stream needs no Iceberg

        lake = keep_lake(making)
    return Backup(making.files, lake, prefix, tuple(relations))


def _keep_duckdb(making: Making) -> None:
    """DuckDB's lock ends when this process closes the file, so the file is opened first and closed last."""
    path = duckdb_path()
    with ExitStack() as stack:
        file = stack.enter_context(path.open("rb")) if path.exists() else None
        connection = stack.enter_context(open_duckdb(path, read_only=False))
        connection.execute("checkpoint")
        if file:
            making.stream(f"{DUCKDB}/{path.name}", file, path.stat())


def _keep_landing(making: Making) -> None:
    root = landing_dir()
    with ExitStack() as stack:
        for source in sources():
            stack.enter_context(Zone(load_source(source)).session())
        found = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.name.endswith(PASSING)]
        for path in cli.progress(found, label="landing", unit="file"):
            name = f"{LANDING}/{path.relative_to(root).as_posix()}"
            if path.suffix == SQLITE:
                with sqlite_copy(path) as copy:
                    making.file(name, copy)
            else:
                making.file(name, path)


def _lake_elsewhere() -> str:
    """What to do about a lake that is not in the backup; empty where it is, or where there is none."""
    if not (lake_catalog() or lake_address().startswith(BUCKET)):
        return ""
    return "the lake is not in this backup: keep versions of the objects of its bucket, and back up its catalog"


def _forget(where: Storage, identities: Sequence[str], keep: int) -> list[str]:
    """Removes the oldest backups, and then the chunks that no other one needs."""
    old, rest = identities[:-keep], identities[-keep:]
    needed = {chunk for each in rest for kept in manifests.load(where, each).files.values() for chunk in kept.chunks}
    for identity in old:
        where.remove(manifests.path_of(identity))
    chunks, _ = manifests.opened(where)
    chunks.forget(needed)
    return list(old)
