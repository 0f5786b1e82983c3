"""An embedded PostgreSQL for a test, and databases of its own on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import conninfo

from scripts.common.postgres import SESSION, Database
from scripts.pg.embedded import Embedded, embedded
from scripts.pg.migrate import migrate

# a test's data need not outlive the machine
QUICK = ("fsync=off", "full_page_writes=off", "max_replication_slots=50", "max_wal_senders=50")
_numbers = count(1)


@contextmanager
def postgres_server(folder: Path) -> Iterator[Embedded]:
    with embedded(folder, settings=QUICK) as server:
        yield server


def new_database(server: Embedded) -> Database:
    """A database with the schema and no rows."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(**server.parameters("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name}")
    database = Database(conninfo.make_conninfo(**server.parameters(name), **SESSION))
    with database.connect() as connection:
        migrate(connection)
    return database


def dsn_of(database: Database) -> dict[str, str]:
    """What a command's environment needs to work on the database."""
    return {"POSTGRES_DSN": database.conninfo}
