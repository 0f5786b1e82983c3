"""Opens the warehouses, and explains why one does not open."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from duckhouse.cli import UserError

if TYPE_CHECKING:
    import duckdb

HELD = re.compile(r"Conflicting lock is held in (\S+)(?: by user \S+)? \(PID (\d+)\)")
ATTACHED = "published"  # the name of the copy in a connection
COPY_ONLY = "set enable_external_access = false; set lock_configuration = true"
NO_RIGHTS = "Permission denied"
CONFIG: dict[str, str | bool | int | float | list[str]] = {"autoinstall_known_extensions": False}


def open_duckdb(path: Path, *, read_only: bool = True) -> "duckdb.DuckDBPyConnection":
    """The file of target dev. Unless it is opened read-only, no other process can open it meanwhile."""
    import duckdb  # not above: commands that only use ClickHouse do not wait for it

    if not path.exists():
        raise UserError(f"{path}: no such file; run dbt build --target dev first")
    try:
        return duckdb.connect(str(path), read_only=read_only, config=CONFIG)
    except duckdb.Error as error:
        raise UserError(duckdb_refuses(path, error)) from None


def open_published(path: Path) -> "duckdb.DuckDBPyConnection":
    """The published copy, opened read-only; SQL reaches no other file.

    It is attached, because a second connect to the same name within a process gets the file that the first one has
    open, also where a build has replaced it meanwhile.
    """
    import duckdb

    from duckhouse import duck

    if not path.exists():
        raise UserError(
            f"{path}: nothing is published there; dbt build --target dev publishes what passes, "
            "and python -m scripts.publish --target dev what is there"
        )
    connection = duckdb.connect(config=CONFIG)
    try:
        connection.execute(f"attach {duck.literal(path)} as {ATTACHED} (read_only); use {ATTACHED}; {COPY_ONLY}")
        return connection
    except duckdb.Error as error:
        connection.close()
        said = str(error).splitlines()[0]
        if held := HELD.search(said):
            told = f"{path} is open to be written in another process (PID {held[2]}): end it, then run again"
            raise UserError(told) from None
        raise UserError(f"{path}: {said}; python -m scripts.publish --target dev makes it anew") from None


def duckdb_refuses(path: Path, error: "duckdb.Error") -> str:
    """Why a file does not open: another process holds it, it is not a DuckDB file, or this user has no permission."""
    said = str(error).splitlines()[0]
    if held := HELD.search(said):
        return (
            f"{path} is open in another process (PID {held[2]}, {Path(held[1]).name}), a build or a notebook: wait for "
            "it or end it, then run again"
        )
    if NO_RIGHTS in said:
        return f"{path}: {NO_RIGHTS}; let this user write it, or name another file in DUCKHOUSE_DUCKDB"
    return f"{path}: {said}; name another file in DUCKHOUSE_DUCKDB, or move this one away and build anew"


def nobody_answers(host: str, port: int) -> str:
    return (
        f"no ClickHouse answers at {host}:{port}: start one with python -m scripts.clickhouse, or set CLICKHOUSE_HOST "
        "and CLICKHOUSE_PORT"
    )


def clickhouse_refuses(host: str, port: int, reason: str) -> str:
    return f"ClickHouse at {host}:{port} refuses: {reason}; check CLICKHOUSE_USER and CLICKHOUSE_PASSWORD"
