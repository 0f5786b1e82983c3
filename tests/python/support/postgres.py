"""An embedded PostgreSQL for a test, databases of its own on it, and what the extraction makes of them."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from psycopg import conninfo, sql

from duckhouse.embedded.migrate import migrate
from duckhouse.embedded.postgres import USER, Embedded, embedded, prepare
from duckhouse.extraction import ranges
from duckhouse.extraction.database import Database
from duckhouse.extraction.plan import own_name
from duckhouse.extraction.results import Result
from duckhouse.extraction.run import extract
from duckhouse.sources import load_source

SOURCE = "ad_delivery"
PUBLICATION = own_name(SOURCE)
# a test's data need not outlive the machine
QUICK = (
    "fsync=off",
    "full_page_writes=off",
    "max_replication_slots=50",
    "max_wal_senders=50",
    "track_commit_timestamp=on",
)
# what both PostgreSQL and DuckDB, which reads what landed, are asked for
COLUMNS = {
    "advertiser": "id, name, updated_at, created_at",
    "campaign": "id, name, bid::text, budget::text, start_date::text, end_date::text, advertiser_id, updated_at, "
    "created_at",
    "impressions": "id, campaign_id, created_at",
    "clicks": "id, campaign_id, created_at",
}
SOME_ROWS = """
    insert into advertiser (name) values ('Ärger & Söhne'), ('b');
    insert into campaign (name, bid, budget, start_date, end_date, advertiser_id) values
        ('one', 2.50, 1000, '2026-01-01', '2026-01-31', 1),
        ('two', 0.01, 99999999.99, null, null, 2),
        ('three', 7, 5, '2026-02-01', null, null);
    insert into impressions (campaign_id, created_at)
        select 1 + i % 3, timestamp '2026-03-01 12:00:00.5' - i * interval '7 hours' from generate_series(1, 20) as i;
    insert into clicks (campaign_id) select 1 from generate_series(1, 5);
"""
_numbers = count(1)


@contextmanager
def postgres_server(folder: Path, *settings: str) -> Iterator[Embedded]:
    with embedded(folder, settings=(*QUICK, *settings)) as server:
        prepare(server, SOURCE)
        yield server


def new_database(server: Embedded) -> Database:
    """A database with the schema and no rows."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(**server.parameters("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name}")
    database = Database(conninfo.make_conninfo(**server.parameters(name)))
    with database.connect() as connection:
        migrate(connection, SOURCE)
    return database


def make_ranges_small(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Lets a few rows be many: ranges of keys hold about `rows` of them."""
    monkeypatch.setattr(ranges, "RANGE_ROWS", rows)
    monkeypatch.setattr(ranges, "MOST_ROWS", rows * 3 // 2)


def quick_password(server: Embedded) -> Embedded:
    """Makes the password take no time to check: a run of the extraction is eight sessions."""
    with psycopg.connect(**server.parameters("postgres"), autocommit=True) as connection:
        connection.execute("set scram_iterations = 1")
        set_password = sql.SQL("alter role {} password {}")
        connection.execute(set_password.format(sql.Identifier(USER), sql.Literal(server.password)))
    return server


def dsn_of(database: Database) -> dict[str, str]:
    """What a command's environment needs to work on the database."""
    return {"POSTGRES_DSN": database.conninfo}


class Extraction:
    """A database, the landing zone of DUCKHOUSE_LANDING, and a slot that has the database's name."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.slot = conninfo.conninfo_to_dict(database.conninfo)["dbname"]
        self.connection = database.connect(autocommit=True)
        self._duckdb = duckdb.connect()

    @property
    def zone(self) -> Path:
        return Path(os.environ["DUCKHOUSE_LANDING"]) / SOURCE

    def as_user(self, user: str, password: str) -> Database:
        return Database(conninfo.make_conninfo(self.database.conninfo, user=user, password=password))

    def sql(self, query: str, *parameters: object) -> list[tuple]:
        cursor = self.connection.execute(query, parameters or None)
        return cursor.fetchall() if cursor.description else []

    def value(self, query: str, *parameters: object) -> Any:
        [[value]] = self.sql(query, *parameters)
        return value

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection]:
        """A second session, whose transaction is open until it says commit or the block ends."""
        connection = self.database.connect()
        try:
            yield connection
        finally:
            connection.close()

    def run(self, mode: str = "compare") -> Result:
        return extract(load_source(SOURCE), self.database, mode, self.slot)

    def landed(self, table: str, delivery_id: str | None = None) -> list[dict[str, Any]]:
        """The records of one table in the order of changes, of one delivery or of all."""
        found = self._duckdb.execute(
            f"select * from {self._read(table)} where coalesce(_delivery_id = $1, true) "
            "order by _delivery_id, _source_row",
            [delivery_id],
        )
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def changes(self, result: Result) -> dict[str, list[tuple[str, int]]]:
        """What a delivery tells of each table that it tells something of: operations and ids."""
        told = {name: self.landed(name, result.delivery.id) for name in COLUMNS}
        return {name: [(row["operation"], row["id"]) for row in rows] for name, rows in told.items() if rows}

    def state(self, table: str) -> list[tuple]:
        """What the deliveries add up to."""
        return self._duckdb.execute(
            f"select {COLUMNS[table]} from (select *, row_number() over "
            f"(partition by id order by _delivery_id desc, _source_row desc) as place from {self._read(table)}) "
            "where place = 1 and operation = 'upsert' order by id"
        ).fetchall()

    def truth(self, table: str) -> list[tuple]:
        return self.sql(f"select {COLUMNS[table]} from {table} order by id")

    def check(self, result: Result) -> None:
        """Everything that the tables hold is known, and nothing else; the run says so, and its delivery too."""
        for table in result.tables:
            truth = self.truth(table.table_name)
            assert self.state(table.table_name) == truth, table.table_name
            assert (table.source_rows, table.known_rows) == (len(truth), len(truth)), table
        recorded = self.landed("extractions", result.delivery.id)
        for row, table in zip(recorded, result.tables, strict=True):
            assert [row[name] for name in vars(table)] == list(vars(table).values())

    def drop(self) -> None:
        """Ends what would outlive the test: slots, of which a server has only so many."""
        self.sql(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
        self.sql(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database()"
        )
        self.connection.close()
        self._duckdb.close()

    def _read(self, table: str) -> str:
        return f"read_parquet('{self.zone}/delivery=*/{table}/*.parquet', union_by_name = true)"


@contextmanager
def extraction(server: Embedded, landing: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Extraction]:
    """A database of its own with some rows, and a landing zone."""
    monkeypatch.setenv("DUCKHOUSE_LANDING", str(landing))
    made = Extraction(new_database(server))
    try:
        made.sql(SOME_ROWS)
        yield made
    finally:
        made.drop()


def after(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, then: Callable[[], object]) -> None:
    """Does something whenever a method has done its work."""
    original = getattr(owner, name)

    def call(*arguments: object) -> object:
        found = original(*arguments)
        then()
        return found

    monkeypatch.setattr(owner, name, call)


def counts(result: Result) -> Mapping[str, tuple[int, int, int]]:
    """New, changed and deleted rows of each table that has some."""
    told = {table.table_name: (table.new_rows, table.changed_rows, table.deleted_rows) for table in result.tables}
    return {name: numbers for name, numbers in told.items() if any(numbers)}
