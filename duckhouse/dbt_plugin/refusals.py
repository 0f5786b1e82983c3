"""Where dbt cannot work, it prints one sentence with the reason and what to do, instead of a traceback."""

import logging
import sys
from collections.abc import Iterable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbt.adapters.exceptions.connection import FailedToConnectError
from dbt.task.docs.serve import ServeTask
from dbt_common.exceptions import DbtRuntimeError

from duckhouse.cli import UserError
from duckhouse.opening import clickhouse_refuses, duckdb_refuses, nobody_answers
from duckhouse.settings import memory_gb

if TYPE_CHECKING:
    import duckdb

UNANSWERED = ("Connection refused", "timed out", "Name or service not known", "No route to host")
CHATTY = ("urllib3.connectionpool", "clickhouse_connect.driver._backend.http_sync")
"""Loggers that warn about each attempt to reach a server that is not running."""


plain_serve: Any = ServeTask.run


def install() -> None:
    """Replaces how the adapter of the target, which dbt has loaded, opens a connection, and how dbt docs serve ends."""
    task: Any = ServeTask
    task.run = serve
    if adapter := sys.modules.get("dbt.adapters.duckdb.connections"):
        import duckdb  # not above: a build on ClickHouse does not need it

        _replace(adapter.DuckDBConnectionManager, duckdb.Error, _of_duckdb)
    if adapter := sys.modules.get("dbt.adapters.clickhouse.connections"):
        _replace(adapter.ClickHouseConnectionManager, FailedToConnectError, _of_clickhouse)
        for name in CHATTY:
            logging.getLogger(name).setLevel(logging.ERROR)


def serve(task: Any) -> None:
    """Shows the documentation until Ctrl-C."""
    try:
        plain_serve(task)
    except KeyboardInterrupt:
        return
    except OSError as error:
        raise DbtRuntimeError(
            f"port {task.args.port} of {task.args.host}, {task.config.project_target_path}: {error.strerror}; "
            "choose another port with --port, or run dbt docs generate first"
        ) from None


def refuse_name(path: str, database: str, schemas: Iterable[str]) -> None:
    """DuckDB names the catalog of a file after it, and cannot tell it from a schema of that name."""
    if database in schemas:
        raise DbtRuntimeError(f"{path}: {database} is the name of a schema too: name another file in DUCKHOUSE_DUCKDB")


def refuse_missing_zones(landing: Path, sources: Iterable[str]) -> None:
    """The landing zone may be deleted, or in another place."""
    missing = [str(landing / source) for source in sorted(sources) if not (landing / source).is_dir()]
    if missing:
        raise DbtRuntimeError(
            f"{missing[0]}: no such folder, and a model reads it: python -m scripts.land --prepare makes it, and "
            "DUCKHOUSE_LANDING names the folder where deliveries are"
        )


def _replace(manager: Any, fault: type[Exception], told: Any) -> None:
    if hasattr(manager.open, "__wrapped__"):  # an earlier command in the same process has done it
        return
    plain = manager.open.__func__

    @wraps(plain)
    def opened(cls: Any, connection: Any) -> Any:
        try:
            memory_gb()
            return plain(cls, connection)
        except UserError as error:
            raise FailedToConnectError(str(error)) from None
        except fault as error:
            raise FailedToConnectError(told(connection.credentials, error)) from None

    manager.open = classmethod(opened)


def _of_duckdb(credentials: Any, error: "duckdb.Error") -> str:
    return duckdb_refuses(Path(credentials.path), error)


def _of_clickhouse(credentials: Any, error: FailedToConnectError) -> str:
    said = str(error)
    if any(word in said for word in UNANSWERED):
        return nobody_answers(credentials.host, credentials.port)
    return clickhouse_refuses(credentials.host, credentials.port, said.strip().splitlines()[-1].strip())
