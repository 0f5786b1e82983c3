"""Whether a build would find anything new: answered in a second, without dbt."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from duckhouse import settings
from duckhouse.dbt_plugin.code import fingerprint
from duckhouse.dbt_plugin.graph import ALL, FORGOTTEN, version_of_all
from duckhouse.dbt_plugin.landed import OF_SOURCE, in_zones
from duckhouse.dbt_plugin.warehouses import ClickHouse, DuckDB, Warehouse
from duckhouse.opening import open_duckdb
from duckhouse.warehouse.connection import answers, connect

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def is_new(target: str) -> bool:
    """Whether the code, a setting or a delivery has changed since the last successful build of everything, or the copy
    of dev that people read is gone.

    Unlike a build, this does not notice what was changed in the warehouse by hand.
    """
    if target == "dev" and settings.is_publishing() and not (settings.PROJECT / settings.published_path()).exists():
        return True
    landing = settings.PROJECT / settings.landing_dir()
    with duckdb_of_dev() if target == "dev" else clickhouse_of_prod() as warehouse:
        if warehouse is None:
            return True
        held = warehouse.deliveries()
        built = warehouse.records().get(ALL, FORGOTTEN).version
    missing = any(
        ids[OF_SOURCE] - held.get(source, {}).get(OF_SOURCE, frozenset()) for source, ids in in_zones(landing).items()
    )
    return missing or built != version_of_all(fingerprint(settings.PROJECT), held)


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
