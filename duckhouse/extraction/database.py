"""The ad delivery database: the server that the environment names, else the embedded one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import conninfo

from duckhouse.cli import UserError
from duckhouse.embedded.postgres import embedded
from duckhouse.settings import postgres_dir

# what a session needs to print values the same everywhere
SESSION = {
    "application_name": "duckhouse",
    "connect_timeout": "10",
    "options": "-c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=postgres -c client_encoding=UTF8",
}
BY_PARTS = {
    "host": ("POSTGRES_HOST", "localhost"),
    "port": ("POSTGRES_PORT", "5432"),
    "dbname": ("POSTGRES_DB", "postgres"),
    "user": ("POSTGRES_USER", "postgres"),
}


@dataclass(frozen=True)
class Database:
    """A PostgreSQL database; `conninfo` may hold a password and is not to be printed."""

    conninfo: str = field(repr=False)

    @property
    def address(self) -> str:
        """Where it is, for people: host, port and name."""
        parameters = conninfo.conninfo_to_dict(self.conninfo)
        return f"{parameters.get('host', 'localhost')}:{parameters.get('port', 5432)}/{parameters.get('dbname', '')}"

    def connect(self, *, autocommit: bool = False, **parameters: Any) -> psycopg.Connection:
        """A connection whose session speaks UTC and ISO. Raises UserError where the server does not take it."""
        try:
            return psycopg.connect(conninfo.make_conninfo(self.conninfo, **parameters), autocommit=autocommit)
        except psycopg.OperationalError as error:
            raise UserError(
                f"PostgreSQL at {self.address}: {first_line(error)}; check POSTGRES_DSN (or POSTGRES_HOST, _PORT, _DB, "
                "_USER), or unset them for the embedded server"
            ) from None


@contextmanager
def source_database() -> Iterator[Database]:
    """The database of POSTGRES_DSN, or of POSTGRES_HOST, _PORT, _DB and _USER where one of them is set; with none set
    the embedded server's, which is started for the block where it does not run. Raises UserError where there is none.
    """
    if named := _named():
        yield Database(named)
        return
    with embedded(postgres_dir()) as server:
        yield Database(conninfo.make_conninfo(**server.parameters(), **SESSION))


def _named() -> str | None:
    password = os.environ.get("POSTGRES_PASSWORD")
    secret = {"password": password} if password else {}
    dsn = os.environ.get("POSTGRES_DSN")
    try:
        if dsn:
            return conninfo.make_conninfo(**{**secret, **conninfo.conninfo_to_dict(dsn), **SESSION})
        if any(os.environ.get(variable) for variable, _ in BY_PARTS.values()):
            parts = {name: os.environ.get(variable) or default for name, (variable, default) in BY_PARTS.items()}
            return conninfo.make_conninfo(**parts, **secret, **SESSION)
    except psycopg.ProgrammingError:
        raise UserError(
            "POSTGRES_DSN is not a connection string: write it as postgresql://user@host:5432/database"
        ) from None
    return None


def first_line(error: psycopg.Error) -> str:
    """What the server or the driver says, on one line."""
    said = error.diag.message_primary or " ".join(str(error).split())
    return said or type(error).__name__
