"""What was announced, and the messages that announce it: SQLite, in the folder of the pipeline's state.

A message and what it announces are noted in one transaction, before anything is sent. Right before a message is sent it
is noted as `sending`. One that is still so when the next process comes may have arrived or not: it becomes `unknown`,
and is never sent again.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from duckhouse.alerts.differences import Alert, Known
from duckhouse.alerts.standing import RESTATED, Situation, Standing
from duckhouse.cli import UserError
from duckhouse.locks import held
from duckhouse.state import state_path

FILE, LOCK = "alerts.sqlite", "alerts.lock"
FATES = WAITING, SENDING, SENT, UNKNOWN = ("waiting", "sending", "sent", "unknown")
TABLES = """
    create table if not exists announced (
        target text, kind text, key text, subject text, records integer, amount text, words text,
        primary key (target, kind, key)
    ) without rowid;
    create table if not exists messages (
        place integer primary key, id text unique, target text, made_at text, alerts text, fate text
    );
"""


class Message(NamedTuple):
    """Alerts of one run. `id` stays the same however often it is tried, `alerts` are documents of Alert. `fate` is one
    of FATES, or what else is said of a message that is not in the outbox.
    """

    id: str
    target: str
    made_at: str
    fate: str
    alerts: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Outbox:
    connection: sqlite3.Connection
    target: str

    def known(self) -> Known:
        rows = self.connection.execute(
            "select kind, key, subject, records, amount, words from announced where target = ?", [self.target]
        )
        conditions = (
            Situation(kind, key, subject, records, Decimal(amount) if amount else None, json.loads(words))
            for kind, key, subject, records, amount, words in rows
        )
        return {condition.identity: condition for condition in conditions}

    def add(self, alerts: Sequence[Alert], now: Standing) -> None:
        """Notes what stands as announced, and the message that announces it where there is something to tell."""
        known, there = self.known(), {condition.identity: condition for condition in now.conditions}
        gone = [
            (self.target, *identity)
            for identity, condition in known.items()
            if condition.kind in now.kinds - {RESTATED} and identity not in there
        ]
        new = [
            (self.target, *c[:4], None if c.amount is None else str(c.amount), json.dumps(c.words))
            for identity, c in there.items()
            if identity not in known
        ]
        with self._transaction():
            self.connection.executemany("delete from announced where (target, kind, key) = (?, ?, ?)", gone)
            self.connection.executemany("insert into announced values (?, ?, ?, ?, ?, ?, ?)", new)
            if alerts:
                documents = json.dumps([alert.document() for alert in alerts], default=str)
                self.connection.execute(
                    "insert into messages (id, target, made_at, alerts, fate) values (?, ?, ?, ?, ?)",
                    [str(uuid4()), self.target, datetime.now(UTC).isoformat(timespec="seconds"), documents, WAITING],
                )

    def messages(self, fate: str) -> list[Message]:
        """Those of the target with this fate, the oldest first."""
        return self._select("fate = ?", fate)

    def to_look_at(self) -> list[Message]:
        """All that did not arrive for sure, and the last one that did."""
        last = "place = (select max(place) from messages where (target, fate) = (?, ?))"
        return self._select(f"(fate <> ? or {last})", SENT, self.target, SENT)

    def _select(self, condition: str, *values: str) -> list[Message]:
        query = (
            f"select id, target, made_at, fate, alerts from messages where target = ? and {condition} order by place"
        )
        rows = self.connection.execute(query, [self.target, *values]).fetchall()
        return [Message(key, target, made_at, fate, json.loads(told)) for key, target, made_at, fate, told in rows]

    def note(self, message: Message, fate: str) -> None:
        with self._transaction():
            self.connection.execute("update messages set fate = ? where id = ?", [fate, message.id])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self.connection.execute("rollback")
            raise
        self.connection.execute("commit")


@contextmanager
def opened(target: str) -> Iterator[Outbox]:
    """The outbox of a target, held by this process. Raises UserError where another one has it, or where it cannot be
    read or written.
    """
    path = state_path(FILE)
    try:
        with held(state_path(LOCK)), _told(path):
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                connection.executescript(TABLES)
                yield Outbox(connection, target)
    except BlockingIOError:
        raise UserError("another process is sending alerts: wait for it to end") from None


@contextmanager
def read_only(target: str) -> Iterator[Outbox]:
    """The outbox as it is, or an empty one: nothing is written."""
    path = state_path(FILE)
    where = f"file:{path}?mode=ro" if path.exists() else ":memory:"
    with _told(path), closing(sqlite3.connect(where, uri=True, isolation_level=None)) as connection:
        if not path.exists():
            connection.executescript(TABLES)
        yield Outbox(connection, target)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise UserError(
            f"{path}: {error}; free some space, or move the file away: then all that stands is announced again"
        ) from None
