"""Whether a build would find anything new: answered in a second, without dbt."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, NamedTuple

from duckhouse import settings
from duckhouse.dbt_plugin.code import fingerprint
from duckhouse.dbt_plugin.graph import ALL, FORGOTTEN, version_of_all
from duckhouse.dbt_plugin.landed import OF_SOURCE, Deliveries, in_zones
from duckhouse.dbt_plugin.warehouses import ClickHouse, DuckDB, Warehouse
from duckhouse.opening import open_duckdb
from duckhouse.warehouse.connection import answers, connect

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


class News(NamedTuple):
    """The version of everything that a build would make now, and that which the last good build of it made."""

    wanted: str
    built: str


def is_new(target: str) -> bool:
    """Whether the code, a setting or a delivery has changed since the last successful build of everything, or the copy
    of dev that people read is gone.

    Unlike a build, this does not notice what was changed in the warehouse by hand.
    """
    wanted, built = news(target)
    return wanted != built


def news(target: str) -> News:
    """Versions differ where the code, a setting or a delivery does. Nothing counts as built where the target has no
    database, or the copy of dev that people read is gone."""
    landed = in_zones(settings.PROJECT / settings.landing_dir())
    held: Deliveries = {}
    built = ""
    with duckdb_of_dev() if target == "dev" else clickhouse_of_prod() as warehouse:
        if warehouse is not None:
            held = warehouse.deliveries()
            built = warehouse.records().get(ALL, FORGOTTEN).version
    if target == "dev" and settings.is_publishing() and not (settings.PROJECT / settings.published_path()).exists():
        built = ""
    return News(version_of_all(fingerprint(settings.PROJECT), _all(held, landed)), built)


def _all(held: Deliveries, landed: Deliveries) -> Deliveries:
    """The deliveries of either: landing may be pruned, and a delivery not yet pushed."""
    none: frozenset[str] = frozenset()
    return {
        source: {OF_SOURCE: none.union(*(each.get(source, {}).get(OF_SOURCE, none) for each in (held, landed)))}
        for source in {*held, *landed}
    }


@contextmanager
def duckdb_of_dev() -> Iterator[Warehouse | None]:
    """The database file, opened read-only; None where there is none."""
    path = settings.PROJECT / settings.duckdb_path()
    if not path.exists():
        yield None
        return
    with open_duckdb(path) as connection:
        yield DuckDB(lambda sql: connection.execute(sql).fetchall(), settings.PROJECT / settings.landing_dir())


def clickhouse_of_prod() -> AbstractContextManager[Warehouse | None]:
    """The published databases; None where no server answers: then a build starts one, or reports it."""
    return nullcontext(published(connect()) if answers(settings.clickhouse()) else None)


def published(client: "Client") -> ClickHouse:
    """The databases that the settings name."""

    def query(sql: str) -> Sequence[Sequence[str]]:
        if sql.startswith("select"):
            return client.query(sql).result_rows
        client.command(sql)
        return []

    return ClickHouse(query, settings.clickhouse().prefix)
