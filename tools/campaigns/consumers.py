"""Consumers that are killed: main() runs those of each line that it reads, in a process of its own.

A line is JSON: the settings of the environment, and for each consumer the number of the moment at which it is killed,
or null. They run at once, until each has ended or is dead. The answer is a line of JSON: for each the exit code, which
is -9 after a kill, and the names of the moments that it came by.

What takes long to import is imported once, and each consumer is a fork of this process.
"""

import json
import os
import sys
from pathlib import Path
from threading import Event
from typing import Any

from duckhouse import cli
from duckhouse.streaming.batch import Limits
from duckhouse.streaming.running import consume, stream_source
from duckhouse.streaming.summary import Summary
from tools.campaigns.moments import kill_at, watch

CHANGING = (
    "pyiceberg.io.pyarrow:PyArrowFile.create",
    "pyiceberg.catalog.sql:SqlCatalog.commit_table",
    "psycopg:Cursor.execute",
    "psycopg:Cursor.copy",
    "psycopg:Transaction.__exit__",
    "duckhouse.streaming.letters:Letters.send",
    "duckhouse.streaming.broker:Broker.commit",
)
"""What changes a file of the lake, its catalog, the store, or Kafka."""
LIMITS = Limits(rows=300)


def main() -> None:
    for line in sys.stdin:
        settings, kills = json.loads(line)
        os.environ.update(settings)
        told = [Path(settings["DUCKHOUSE_LAKE"]).with_name(f"moments-{place}") for place in range(len(kills))]
        pids = [_fork(kill or 0, path) for kill, path in zip(kills, told, strict=True)]
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        came_by = [path.read_text().splitlines() for path in told]
        print(json.dumps(list(zip(codes, came_by, strict=True))), flush=True)


def _fork(kill: int, told: Path) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the consumer says is no answer
    with told.open("w", buffering=1) as moments:
        killed = kill_at(kill)

        def noted(number: int, name: str) -> None:
            moments.write(f"{name}\n")
            killed(number, name)

        watch(CHANGING, noted)
        try:
            cli.run(_consume)
        except SystemExit as ended:
            _end(ended.code)


def _consume() -> None:
    source, entity = stream_source(None)
    consume(Summary(source.name, entity), source, Event(), once=True, seconds=None, limits=LIMITS, metrics_port=None)


def _end(code: Any) -> None:
    sys.stderr.flush()
    os._exit(code or 0)
