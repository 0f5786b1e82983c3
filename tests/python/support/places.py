"""Folders and ClickHouse servers at which one test works after another.

dbt parses the project anew for each landing zone that it is shown, for seconds, and a server takes a second to start; a
process of tests therefore works at few places, one for each warehouse that it has open at a time.

Places are in memory where it has room: no statement then waits until a disk has what it wrote.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import clickhouse_connect

from duckhouse.clickhouse_sql import quote
from support.gateway import start_quick_gateway, stop

Place = tuple[Path, int]
"""An empty folder, and the port of a ClickHouse without databases."""

MEMORY = Path("/dev/shm")  # noqa: S108 - folders in it are made with names of their own
ROOM = 4 * 2**30
KEPT_DATABASES = {"default", "system", "information_schema", "INFORMATION_SCHEMA"}

_root: list[Path] = []
_servers = ExitStack()
_idle: list[Place] = []


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder for the time of the block, in memory where there is room for it."""
    with TemporaryDirectory(prefix="duckhouse-tests-", dir=MEMORY if has_room(MEMORY) else None) as folder:
        yield Path(folder)


def has_room(memory: Path) -> bool:
    return os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM


@contextmanager
def places_below(folder: Path) -> Iterator[None]:
    """Whoever asks for a place gets one of this folder, until the servers are stopped."""
    _root.append(folder)
    with _servers:
        yield
    _idle.clear()
    _root.clear()


@contextmanager
def place() -> Iterator[Place]:
    folder, port = _idle.pop() if _idle else _new_place()
    folder.mkdir()
    try:
        yield folder, port
    finally:
        shutil.rmtree(folder)
        _drop_databases(port)
        _idle.append((folder, port))


def _new_place() -> Place:
    [root] = _root
    home = root / str(len(list(root.iterdir())))
    home.mkdir()
    gateway, port = start_quick_gateway(home / "clickhouse")
    _servers.callback(stop, gateway)
    return home / "work", port


def _drop_databases(port: int) -> None:
    with clickhouse_connect.get_client(host="127.0.0.1", port=port) as client:
        for (database,) in client.query("show databases").result_rows:
            if database not in KEPT_DATABASES:
                client.command(f"drop database {quote(database)} sync")
