"""The database of a source: the server that the environment names, else the embedded one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import conninfo, sql

from duckhouse.cli import UserError
from duckhouse.embedded.postgres import ROLE, embedded, prepare
from duckhouse.settings import postgres_dir
from duckhouse.sources import POSTGRES, STREAM, Source, load_source, source_of_kind, sources

WITH_DATABASE = (POSTGRES, STREAM)
"""Kinds of sources that have a database: one from which rows are extracted, one to which messages are written."""
CONNECT_SECONDS = "10"
# What a session needs to print values the same everywhere. It overrides the connection string, PGTZ and the settings of
# a role. With row_security off, rows that a policy hides are an error.
SESSION = """
    set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; set client_encoding = 'UTF8';
    set extra_float_digits = 1; set bytea_output = 'hex'; set lc_monetary = 'C'; set row_security = off;
"""
BY_PARTS = {
    "host": ("HOST", "localhost"),
    "port": ("PORT", "5432"),
    "dbname": ("DB", "postgres"),
    "user": ("USER", "postgres"),
}


@dataclass(frozen=True)
class Database:
    """A PostgreSQL database. `conninfo` may hold a password and must not be printed; `prefix` starts its settings."""

    conninfo: str = field(repr=False)
    prefix: str = "POSTGRES"

    @property
    def address(self) -> str:
        """Its address for messages: host, port and name."""
        parameters = conninfo.conninfo_to_dict(self.conninfo)
        return f"{parameters.get('host', 'localhost')}:{parameters.get('port', 5432)}/{parameters.get('dbname', '')}"

    def connect(self, *, autocommit: bool = False, **parameters: Any) -> psycopg.Connection:
        """A connection whose session uses UTC and ISO dates. Raises UserError where the server refuses it."""
        try:
            connection = psycopg.connect(conninfo.make_conninfo(self.conninfo, **parameters), autocommit=True)
        except psycopg.OperationalError as error:
            raise UserError(
                f"PostgreSQL at {self.address}: {first_line(error)}; check {self.prefix}_DSN (or {self.prefix}_HOST, "
                "_PORT, _DB, _USER), or unset them for the embedded server"
            ) from None
        try:
            connection.execute(SESSION)
            connection.autocommit = autocommit
        except BaseException:
            connection.close()
            raise
        return connection


def postgres_source(name: str | None) -> Source:
    """The declaration of a source of kind postgres; without a name, that of the only one."""
    return source_of_kind(POSTGRES, name, "extract")


def sources_with_database() -> list[Source]:
    return [source for source in map(load_source, sources()) if source.kind in WITH_DATABASE]


def source_with_database(name: str) -> Source:
    source = load_source(name)
    if source.kind not in WITH_DATABASE:
        known = ", ".join(source.name for source in sources_with_database()) or "none"
        raise UserError(f"source {name} is of kind {source.kind}, which has no database: {known} are those with one")
    return source


def is_named(source: Source) -> bool:
    """Whether the environment names the database of a source; otherwise the embedded one is used."""
    return _named(_prefix(source)) is not None


@contextmanager
def database_of(source: Source) -> Iterator[Database]:
    """The database of <connection>_DSN, or of _HOST, _PORT, _DB and _USER where one of them is set. With none set, it
    is a database of the embedded server, which is started for the block where it is not running.

    Raises UserError where there is none.
    """
    prefix = _prefix(source)
    if named := _named(prefix):
        yield Database(named, prefix)
        return
    with embedded(postgres_dir()) as server:
        try:
            prepare(server, source.name)
        except psycopg.Error as error:
            raise UserError(f"the embedded PostgreSQL, database {source.name}: {first_line(error)}") from None
        yield Database(conninfo.make_conninfo(**_defaults(), **server.parameters(source.name, ROLE)), prefix)


def _prefix(source: Source) -> str:
    return source.connection or source.name.upper()


def _defaults() -> dict[str, str]:
    """The defaults for what neither the connection string nor one of PostgreSQL's own variables sets."""
    return {
        "fallback_application_name": "duckhouse",
        "connect_timeout": os.environ.get("PGCONNECT_TIMEOUT", CONNECT_SECONDS),
    }


def _named(prefix: str) -> str | None:
    password = os.environ.get(f"{prefix}_PASSWORD")
    usual = {**_defaults(), **({"password": password} if password else {})}
    dsn = os.environ.get(f"{prefix}_DSN")
    parts = {name: (os.environ.get(f"{prefix}_{part}"), default) for name, (part, default) in BY_PARTS.items()}
    try:
        if dsn:
            given = {name: str(value) for name, value in conninfo.conninfo_to_dict(dsn).items() if value is not None}
            return conninfo.make_conninfo("", **{**usual, **given})
        if any(value for value, _ in parts.values()):
            return conninfo.make_conninfo(
                **usual, **{name: value or default for name, (value, default) in parts.items()}
            )
    except psycopg.ProgrammingError:
        raise UserError(
            f"{prefix}_DSN is not a connection string: write it as postgresql://user@host:5432/database"
        ) from None
    return None


def only_row(
    connection: psycopg.Connection, query: sql.Composed | LiteralString, *parameters: object
) -> tuple[Any, ...]:
    """The row of a query that always returns exactly one."""
    [row] = connection.execute(query, parameters or None).fetchall()
    return row


def first_line(error: psycopg.Error) -> str:
    """The message of the server or the driver, on one line."""
    said = " ".join((error.diag.message_primary or str(error)).split())
    return said or type(error).__name__
