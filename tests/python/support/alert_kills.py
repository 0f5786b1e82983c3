"""Alerts whose sender is killed at each moment: `python -m support.alert_kills ZONES`.

Each kill happens in a landing zone of its own, below ZONES; then the alerts run again, to their end. Prints a JSON line
for each: the moment, the exit code of the second run, and how many messages wait or are of unknown fate after it.
"""

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Iterable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from duckhouse.alerts.outbox import UNKNOWN, WAITING, read_only
from scripts import alert
from support.forked import forked
from tools.campaigns.moments import kill_at, watch


class Connection(sqlite3.Connection):
    """One whose statements can be watched."""

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        return super().execute(statement, *values)

    def executemany(self, statement: str, values: Iterable[Any]) -> sqlite3.Cursor:
        return super().executemany(statement, values)


CHANGING = (
    "support.alert_kills:Connection.execute",
    "support.alert_kills:Connection.executemany",
    "http.client:HTTPConnection.connect",
    "http.client:HTTPConnection.send",
    "http.client:HTTPConnection.getresponse",
)


def main(zones: str) -> None:
    from support.alert_kills import Connection as Watched  # this module is also __main__

    sqlite3.connect = partial(sqlite3.connect, factory=Watched)  # type: ignore[assignment]
    for moment in count(1):
        os.environ["DUCKHOUSE_LANDING"] = str(Path(zones) / str(moment))

        def killed(number: int = moment) -> None:
            watch(CHANGING, kill_at(number))
            alert.main([])

        code = forked(killed)
        again = forked(lambda: os._exit(alert.main([]) or 0))
        with read_only("dev") as outbox:
            left = {fate: len(outbox.messages(fate)) for fate in (WAITING, UNKNOWN)}
        print(json.dumps({"moment": moment, "again": again, **left}), flush=True)
        if code != -signal.SIGKILL:
            sys.exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
