"""A DuckDB file that another process holds, or that cannot be opened, is told in a line; dbt would show a traceback."""

import re
import sys
from typing import Any

import duckdb
from dbt.adapters.exceptions.connection import FailedToConnectError

HOLDER = re.compile(r"Conflicting lock is held in .*\(PID (\d+)\)")
_plain: list[Any] = []


def install() -> None:
    """Does nothing on another target: dbt has loaded the adapter of its own."""
    adapter = sys.modules.get("dbt.adapters.duckdb.connections")
    if adapter and adapter.DuckDBConnectionManager.open is not opened:
        _plain[:] = [adapter.DuckDBConnectionManager.open]
        adapter.DuckDBConnectionManager.open = staticmethod(opened)


def opened(connection: Any) -> Any:
    [plain] = _plain
    try:
        return plain(connection)
    except duckdb.Error as error:
        raise FailedToConnectError(told(connection.credentials.path, str(error))) from None


def told(path: str, error: str) -> str:
    if holder := HOLDER.search(error):
        return f"{path} is held by process {holder[1]}, a build or a reader of it: wait for it to end"
    return f"{path}: {error.splitlines()[0]}"
