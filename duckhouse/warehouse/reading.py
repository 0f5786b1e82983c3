"""Reads what is published on a target: views of schema reporting by name, and their columns by name."""

import os
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from clickhouse_connect.driver.exceptions import ClickHouseError

from duckhouse import clickhouse_sql, duck
from duckhouse.cli import UserError
from duckhouse.opening import ATTACHED, open_published
from duckhouse.settings import clickhouse, published_path
from duckhouse.warehouse.connection import connect, first_line
from duckhouse.warehouse.questions import Comparison, Dialect, Question

SCHEMA = "reporting"
MENDS = {
    "dev": "dbt build --target dev publishes it anew",
    "prod": "python -m scripts.prod builds and publishes it anew",
}
# as on DuckDB: a join and a sum give NULL where there is no row, a measure may have the name of its column, and nothing
# is written (2: these settings are still taken)
ASKED_WITH = {
    "join_use_nulls": 1,
    "aggregate_functions_null_for_empty": 1,
    "cast_keep_nullable": 1,  # the maximum of an empty table is NULL, also as a date
    "prefer_column_name_to_alias": 1,
    "readonly": 2,
}

Row = Any
"""A named tuple of the columns of a view. Values are of the same Python types on both targets: str, int, float, bool,
Decimal, date, datetime (UTC, without a time zone), None."""

Answer = tuple[Sequence[str], Iterable[Sequence[Any]]]
"""The names of columns, and rows."""


class MissingColumn(UserError, AttributeError):
    """A view has no column of that name."""


@dataclass(frozen=True)
class House:
    """What is published on one target. `place` and `mend` are for its messages; `ask` runs a query. Each publication
    has a `version` of its own."""

    place: str
    mend: str
    names: frozenset[str]
    published_at: datetime
    version: str
    ask: Callable[[str], Answer]
    dialect: Dialect

    def views(self) -> set[str]:
        """The names of the views that are built."""
        return set(self.names)

    def built_at(self) -> datetime:
        """The time of publication, in UTC."""
        return self.published_at

    def rows(self, name: str, order_by: Sequence[str] = ()) -> list[Row]:
        """The rows of a view, ordered by columns; NULL comes last."""
        return self.answer(Question(name, order_by=tuple(order_by)))

    def answer(self, question: Question | Comparison) -> list[Row]:
        """The rows that answer a question about a view."""
        columns, found = self.ask(question.sql(self.dialect))
        row = self.row_type(question.view, columns)
        return [row(*values) for values in found]

    def row_type(self, view: str, columns: Sequence[str]) -> Callable[..., Row]:
        """The named tuple for the rows of a view with these columns."""

        def missing(_: Row, column: str) -> None:
            told = f"{self.place}: {view} has no column {column}, as if another version of the project had built it"
            raise MissingColumn(f"{told}; {self.mend}")

        plain: Any = namedtuple
        return type("Row", (plain("Row", columns),), {"__slots__": (), "__getattr__": missing})


@contextmanager
def reading(target: str, client: Any = None) -> Iterator[House]:
    """What is published on dev or prod; on prod by a client that stays open, or by one of its own. Raises UserError
    where nothing is published, or where it does not open."""
    with _copy() if target == "dev" else _databases(client) as house:
        if not house.names:
            raise UserError(f"{house.place}: no views of schema {SCHEMA}; {house.mend}")
        yield house


def version_of_copy() -> str:
    """The version of the House on dev, without opening it; empty where nothing is published."""
    path = published_path()
    return _version_of(path.stat()) if path.exists() else ""


def _version_of(state: os.stat_result) -> str:
    return f"{state.st_ino}.{state.st_mtime_ns}"


@contextmanager
def _copy() -> Iterator[House]:
    path, mend = published_path(), MENDS["dev"]
    with _opened(path) as (connection, state):

        def ask(sql: str) -> Answer:
            try:
                answered = connection.cursor().execute(sql)
                return [column[0] for column in answered.description or ()], answered.fetchall()
            except duckdb.Error as error:
                raise UserError(f"{path}: {first_line(error)}; {mend}") from None

        names = ask(f"select table_name from duckdb_tables() where schema_name = {duck.literal(SCHEMA)}")[1]
        yield House(
            place=str(path),
            mend=mend,
            names=frozenset(name for (name,) in names),
            published_at=datetime.fromtimestamp(state.st_mtime, UTC).replace(tzinfo=None),
            version=_version_of(state),
            ask=ask,
            dialect=Dialect(
                relation=lambda schema, name: ".".join(map(duck.name, (ATTACHED, schema, name))),
                quoted=duck.name,
                literal=duck.literal,
            ),
        )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, os.stat_result]]:
    """The copy, and the state of the file that was opened: a build may replace it at any moment."""
    while True:
        before = path.stat() if path.exists() else None
        with open_published(path) as connection:
            if before and path.stat().st_ino == before.st_ino:
                yield connection, before
                return


@contextmanager
def _databases(opened: Any) -> Iterator[House]:
    settings, mend = clickhouse(), MENDS["prod"]
    database = f"{settings.prefix}_{SCHEMA}"
    place = f"database {database} of {settings.host}:{settings.port}"
    with nullcontext(opened) if opened else connect() as client:

        def ask(sql: str) -> Answer:
            try:
                answered = client.query(sql, settings=ASKED_WITH)
            except ClickHouseError as error:
                raise UserError(f"{place}: {first_line(error)}; {mend}") from None
            return answered.column_names, answered.result_rows

        found = ask(
            "select name, toTimeZone(metadata_modification_time, 'UTC') from system.tables "
            f"where database = {clickhouse_sql.literal(database)} and position(name, '__dbt_') = 0"
        )[1]
        made = {name: moment.replace(tzinfo=None) for name, moment in found}
        yield House(
            place=place,
            mend=mend,
            names=frozenset(made),
            published_at=(published_at := max(made.values(), default=datetime.min)),  # each build recreates the views
            version=published_at.isoformat(),
            ask=ask,
            dialect=Dialect(
                relation=lambda schema, name: clickhouse_sql.full_name(f"{settings.prefix}_{schema}", name),
                quoted=clickhouse_sql.quote,
                literal=clickhouse_sql.literal,
            ),
        )
