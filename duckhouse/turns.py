"""One run at a time on the databases of a prefix, from any machine.

A run is a table <prefix>_runs.run_<n>: of two competing runs only one can create it. Its comment names the owner and is
rewritten while the run lasts; after the end the comment is empty. Numbers only grow, so a run that slept notices when
another one has started.
"""

import os
import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, NamedTuple

from duckhouse.cli import UserError
from duckhouse.clickhouse_sql import full_name, literal, quote

SECONDS_BETWEEN_SIGNS = 10
SECONDS_OF_SILENCE = 120  # after that a run counts as killed, or its machine as gone


Ask = Callable[[str], Sequence[Sequence[Any]]]
"""Runs one statement and returns its rows."""
Asking = Callable[[], AbstractContextManager[Ask]]
"""Connects to the server."""


class Run(NamedTuple):
    number: int
    holder: str
    seconds_silent: int

    @property
    def is_going_on(self) -> bool:
        return bool(self.holder) and self.seconds_silent < SECONDS_OF_SILENCE and not died_here(self.holder)


@contextmanager
def turn(prefix: str, asking: Asking) -> Iterator["Turn"]:
    """Makes this the only run during the block. Raises UserError where another run is active."""
    own = begun(f"{prefix}_runs", asking)
    ended = threading.Event()
    signs = threading.Thread(target=give_signs, args=(asking, own.table, ended))
    signs.start()
    try:
        yield own
    finally:
        ended.set()
        signs.join()
        with suppress(Exception), asking() as ask:  # the server may be gone, which the error being raised already says
            ask(f"alter table {own.table} modify comment ''")


class Turn(NamedTuple):
    asking: Asking
    database: str
    number: int

    @property
    def table(self) -> str:
        return full_name(self.database, f"run_{self.number}")

    def check(self) -> None:
        """Raises UserError where another run began because this one gave no sign."""
        with self.asking() as ask:
            refuse_overtaken(self, ask)


def begun(database: str, asking: Asking) -> Turn:
    with asking() as ask:
        ask(f"create database if not exists {quote(database)}")
        last = last_run(ask, database)
        if last and last.is_going_on:
            raise refusal(last)
        own = Turn(asking, database, last.number + 1 if last else 1)
        try:
            ask(f"create table {own.table} (x Bool) engine = MergeTree order by () comment {literal(holder())}")
        except Exception:
            found = last_run(ask, database)
            if found is None or found.number < own.number:
                raise
            raise refusal(found) from None
        refuse_overtaken(own, ask)
        if last:
            ask(f"drop table if exists {full_name(database, f'run_{last.number}')}")
    return own


def refuse_overtaken(own: Turn, ask: Ask) -> None:
    last = last_run(ask, own.database)
    if last is None or last.number != own.number:
        raise UserError("another run began while this one gave no sign for minutes: nothing is published, run again")


def last_run(ask: Ask, database: str) -> Run | None:
    """The latest run; the time since its last sign is measured by the server's clock."""
    rows = ask(
        "select name, comment, dateDiff('second', metadata_modification_time, now()) from system.tables "
        f"where database = {literal(database)} and match(name, '^run_[0-9]+$')"
    )
    return max(
        (Run(int(name.removeprefix("run_")), held_by, int(silent)) for name, held_by, silent in rows), default=None
    )


def refusal(run: Run) -> UserError:
    return UserError(
        f"another run is working ({run.holder}): wait for it to end; a killed one counts as over after two minutes"
    )


def holder() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def died_here(held_by: str) -> bool:
    """Whether the holder was a process on this machine that no longer exists."""
    found = re.fullmatch(r"process (\d+) on (.*)", held_by)
    if not found or found[2] != socket.gethostname():
        return False
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def give_signs(asking: Asking, table: str, ended: threading.Event) -> None:
    while not ended.wait(SECONDS_BETWEEN_SIGNS):
        with suppress(Exception), asking() as ask:  # the server may be away for a while
            ask(f"alter table {table} modify comment {literal(holder())}")
