"""Reads what is published on a target: views of schema reporting by name, and their columns by name."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
from clickhouse_connect.driver.exceptions import ClickHouseError

from duckhouse import clickhouse_sql, duck
from duckhouse.cli import UserError
from duckhouse.opening import open_published
from duckhouse.settings import clickhouse, published_path
from duckhouse.warehouse.connection import connect, first_line

SCHEMA = "reporting"
MENDS = {
    "dev": "dbt build --target dev publishes it anew",
    "prod": "python -m scripts.prod builds and publishes it anew",
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
    """What is published on one target. `place` and `mend` are for its messages; `ask` runs a query."""

    place: str
    mend: str
    names: frozenset[str]
    published_at: datetime
    ask: Callable[[str], Answer]
    relation: Callable[[str], str]
    quoted: Callable[[str], str]

    def views(self) -> set[str]:
        """The names of the views that are built."""
        return set(self.names)

    def built_at(self) -> datetime:
        """The time of publication, in UTC."""
        return self.published_at

    def rows(self, name: str, order_by: Sequence[str] = ()) -> list[Row]:
        """The rows of a view, ordered by columns; NULL comes last."""
        order = f" order by {', '.join(map(self.quoted, order_by))}" if order_by else ""
        columns, found = self.ask(f"select * from {self.relation(name)}{order}")
        row = self._row_type(name, columns)
        return [row(*values) for values in found]

    def _row_type(self, view: str, columns: Sequence[str]) -> Callable[..., Row]:
        def missing(_: Row, column: str) -> None:
            told = f"{self.place}: {view} has no column {column}, as if another version of the project had built it"
            raise MissingColumn(f"{told}; {self.mend}")

        plain: Any = namedtuple
        return type("Row", (plain("Row", columns),), {"__slots__": (), "__getattr__": missing})


@contextmanager
def reading(target: str) -> Iterator[House]:
    """What is published on dev or prod. Raises UserError where nothing is published, or where it does not open."""
    with _copy() if target == "dev" else _databases() as house:
        if not house.names:
            raise UserError(f"{house.place}: no views of schema {SCHEMA}; {house.mend}")
        yield house


@contextmanager
def _copy() -> Iterator[House]:
    path, mend = published_path(), MENDS["dev"]
    with open_published(path) as connection:

        def ask(sql: str) -> Answer:
            try:
                answered = connection.execute(sql)
                return [column[0] for column in answered.description or ()], answered.fetchall()
            except duckdb.Error as error:
                raise UserError(f"{path}: {first_line(error)}; {mend}") from None

        names = ask(f"select table_name from duckdb_tables() where schema_name = {duck.literal(SCHEMA)}")[1]
        yield House(
            place=str(path),
            mend=mend,
            names=frozenset(name for (name,) in names),
            published_at=datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None),
            ask=ask,
            relation=lambda name: f"{duck.name(SCHEMA)}.{duck.name(name)}",
            quoted=duck.name,
        )


@contextmanager
def _databases() -> Iterator[House]:
    settings, mend = clickhouse(), MENDS["prod"]
    database = f"{settings.prefix}_{SCHEMA}"
    place = f"database {database} of {settings.host}:{settings.port}"
    with connect() as client:

        def ask(sql: str) -> Answer:
            try:
                answered = client.query(sql)
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
            published_at=max(made.values(), default=datetime.min),  # of the views, which each build recreates
            ask=ask,
            relation=lambda name: clickhouse_sql.full_name(database, name),
            quoted=clickhouse_sql.quote,
        )
