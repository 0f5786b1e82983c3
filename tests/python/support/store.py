"""Messages for the time-series store, databases of its own for a test on either layout, and what its tables hold."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from psycopg import conninfo, sql

from duckhouse.embedded.migrate import migrate
from duckhouse.embedded.postgres import Embedded
from duckhouse.extraction.database import Database
from duckhouse.settings import environment
from duckhouse.sources import Entity, load_source
from duckhouse.streaming.offsets import Offsets, Partition
from duckhouse.streaming.rows import schema
from duckhouse.streaming.store.timeseries import TimeSeriesStore, open_store

SOURCE = load_source("telemetry")
[ENTITY] = SOURCE.entities
TIMESCALEDB = "TIMESCALEDB_DSN"
"""Names a server that has loaded TimescaleDB, and a user who may make databases there."""
LAYOUTS = ("partitions", "hypertable")
TOPIC = "topic-one"
NOON = 1_772_366_400_000_000
"""2026-03-01 12:00 UTC, when messages arrive that say nothing else; microseconds since 1970."""
SECOND = 1_000_000
DAY = 86_400 * SECOND
_numbers = count(1)

Message = dict[str, Any]


def message(offset: int, device: str = "a", at: int = NOON, **others: Any) -> Message:
    """A valid message of partition 0, produced a second for each offset after NOON."""
    return {
        "_topic_id": TOPIC, "_partition": 0, "_offset": offset, "_produced_at": NOON + offset * SECOND,
        "_consumed_at": NOON + DAY // 24, "_key": device.encode(), "device_id": device, "timestamp": at,
        "temperature": 20.5, "humidity": 50.0, "firmware_version": "v1.2.0", **others,
    }  # fmt: skip


def invalid(offset: int, value: bytes | None = b"{", **others: Any) -> Message:
    nothing = dict.fromkeys(column.name for column in ENTITY.columns)
    return message(offset) | nothing | {"_fault": "not_json", "_fault_detail": "at 1", "_value": value} | others


def rows(*messages: Message, entity: Entity = ENTITY) -> pa.Table:
    names = schema(entity)
    return pa.table([pa.array([m.get(field.name) for m in messages], field.type) for field in names], schema=names)


def offsets(*numbers: int) -> Offsets:
    """Of partitions 0, 1, … of the topic."""
    return {Partition(TOPIC, number): offset for number, offset in enumerate(numbers)}


def write(store: TimeSeriesStore, *messages: Message) -> None:
    """Writes messages, and moves their partitions behind the last of them."""
    stands = store.offsets()
    reached = {Partition(m["_topic_id"], m["_partition"]): m["_offset"] + 1 for m in messages}
    store.write(rows(*messages), {place: stands[place] for place in reached if place in stands}, reached)


def instant(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds // SECOND, UTC)


def skip_without_timescaledb(layout: str) -> None:
    if layout == "hypertable" and not os.environ.get(TIMESCALEDB):
        pytest.skip(f"no server with TimescaleDB: name one in {TIMESCALEDB}")


@contextmanager
def new_store_database(layout: str, server: Embedded) -> Iterator[Database]:
    """An empty database, which TELEMETRY_DSN names; with a hypertable on the server of TIMESCALEDB_DSN."""
    of_server = os.environ[TIMESCALEDB] if layout == "hypertable" else server.conninfo("postgres")
    name = f"test_store_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(of_server, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    database = Database(conninfo.make_conninfo(of_server, dbname=name), "TELEMETRY")
    try:
        with environment({"TELEMETRY_DSN": database.conninfo}):
            yield database
    finally:
        with psycopg.connect(of_server, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@contextmanager
def new_store(layout: str, server: Embedded) -> Iterator["Opened"]:
    with new_store_database(layout, server) as database, Opened.of(database) as opened:
        yield opened


class Opened:
    """A store with the tables of its database, read by SQL of its own."""

    def __init__(self, database: Database, store: TimeSeriesStore, connection: psycopg.Connection) -> None:
        self.database = database
        self.store = store
        self.connection = connection

    @classmethod
    @contextmanager
    def of(cls, database: Database) -> Iterator["Opened"]:
        with database.connect(autocommit=True) as connection:
            migrate(connection, SOURCE.name)
            with open_store(SOURCE, ENTITY) as store:
                yield cls(database, store, connection)

    def sql(self, query: str, *parameters: object) -> list[tuple]:
        cursor = self.connection.execute(query, parameters or None)
        return cursor.fetchall() if cursor.description else []

    def places(self, table: str) -> set[int]:
        """The offsets of the messages that a table or view holds, which are all of one partition."""
        found = [offset for (offset,) in self.sql(f"select _offset from {table}")]
        assert len(found) == len(set(found))
        return set(found)

    def split(self) -> dict[str, set[int]]:
        """Where each message is; tables without any are left out."""
        tables = ("readings", "reading_duplicates", "reading_conflicts", "dead_letters")
        assert self.places("reading_repeats") == self.places(tables[1]) | self.places(tables[2])
        return {table: found for table in tables if (found := self.places(table))}

    def clear(self) -> None:
        for table in ("readings_near", "readings_far", "reading_repeats", "dead_letters", "stream_offsets"):
            self.sql(f"delete from {table}")


def together(pieces: Iterable[pa.Table], entity: Entity = ENTITY) -> list[Message]:
    """The messages of pieces of rows, without the fields that are NULL; instants in microseconds."""
    names = schema(entity)
    tables = list(pieces)
    assert all(piece.schema == names and piece.num_rows for piece in tables)
    found = []
    for piece in tables:
        columns = [
            column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column for column in piece.columns
        ]
        found += pa.table(columns, names.names).to_pylist()
    return [{name: value for name, value in row.items() if value is not None} for row in found]
