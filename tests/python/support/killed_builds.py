"""Builds that are killed: `python -m support.killed_builds TARGET <options of dbt>` runs one for each line it reads.

A line is JSON: the port of ClickHouse, further options of dbt, and a moment, [pattern, after, pid]. The build is killed
right before it sends a statement to its engine: the first one that matches the pattern, or so many after it. Where
there is a pid, that process is killed first. A file that takes the name of another counts as the statement
"rename <name>". No moment (null) lets the build end. Then a line tells the exit code, which is -9 for a kill.

The project is parsed once, and each build is a fork of this process, at a fraction of the cost of one of its own.
"""

import json
import os
import re
import signal
import sys
from typing import Any

from clickhouse_connect.driver._backend.http_sync import HttpSyncBackend
from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper

from duckhouse import builds
from support.dbt import parsed


def kill_at(pattern: str, after: int, pid: int) -> None:
    """From now on each statement is looked at before it is sent."""
    left: int | None = None

    def about_to_send(statement: str) -> None:
        nonlocal left
        if left is None and re.search(pattern, statement, re.DOTALL):
            left = after + 1
        if left is not None:
            left -= 1
            if left == 0:
                if pid:
                    os.kill(pid, signal.SIGKILL)
                os.kill(os.getpid(), signal.SIGKILL)

    execute, request = DuckDBCursorWrapper.execute, HttpSyncBackend.request

    def executed(cursor: DuckDBCursorWrapper, sql: str, bindings: Any = None) -> Any:
        about_to_send(sql)
        return execute(cursor, sql, bindings)

    def requested(backend: HttpSyncBackend, data: Any, params: dict[str, str], *others: Any, **options: Any) -> Any:
        body = data.decode(errors="replace") if isinstance(data, bytes) else str(data)
        about_to_send(f"{params.get('query', '')} {body}")
        return request(backend, data, params, *others, **options)

    def renamed(event: str, arguments: tuple) -> None:
        if event == "os.rename":
            about_to_send(f"rename {arguments[1]}")

    DuckDBCursorWrapper.execute, HttpSyncBackend.request = executed, requested
    sys.addaudithook(renamed)


def main() -> None:
    target, *arguments = sys.argv[1:]
    manifest = parsed(target=target)
    for line in sys.stdin:
        port, options, moment = json.loads(line)
        child = os.fork()
        if not child:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what dbt says is no exit code
            os.environ["CLICKHOUSE_PORT"] = str(port)
            if moment:
                kill_at(*moment)
            try:
                builds.invoke("build", *arguments, *options, target=target, manifest=manifest)
            except builds.BuildError as error:
                print(error, flush=True)
                os._exit(1)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
