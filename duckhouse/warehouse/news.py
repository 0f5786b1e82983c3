"""Whether a build would find anything new: answered in a second, without dbt."""

import time
from typing import TYPE_CHECKING

from duckhouse import cli, settings
from duckhouse.dbt_plugin.code import fingerprint
from duckhouse.dbt_plugin.graph import ALL, version_of_all
from duckhouse.dbt_plugin.landed import OF_SOURCE, Deliveries, in_zones
from duckhouse.warehouse.connection import connect, full_name, literal, quote

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def is_new(target: str) -> bool:
    """Whether the code, a setting or a delivery is other than in the last build of everything that ended well.

    What was changed in the warehouse by hand a build sees, and this does not.
    """
    landed = in_zones(settings.PROJECT / settings.landing_dir())
    built, held = on_duckdb(landed) if target == "dev" else on_clickhouse()
    missing = any(ids[OF_SOURCE] - held.get(source, {}).get(OF_SOURCE, frozenset()) for source, ids in landed.items())
    return missing or built != version_of_all(fingerprint(settings.PROJECT), held)


def on_duckdb(landed: Deliveries) -> tuple[str, Deliveries]:
    """The version of what is built, and the deliveries that can be read."""
    import duckdb

    path = settings.PROJECT / settings.duckdb_path()
    if not path.exists():
        return "", landed
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute("select version from builds.nodes where node_id = ?", [ALL]).fetchone()
    except duckdb.CatalogException:
        found = None
    except duckdb.Error as error:
        raise cli.UserError(f"{path}: {str(error).splitlines()[0]}") from None
    return (found[0] if found else ""), landed


def on_clickhouse() -> tuple[str, Deliveries]:
    """The version of what is published, and the deliveries that were pushed."""
    client = connect()
    found = []
    if builds() in databases_with(client, "nodes"):
        found = column(client, f"select version from {table_of_builds()} final where node_id = {literal(ALL)}")
    return (found[0] if found else ""), pushed(client)


def pushed(client: "Client") -> Deliveries:
    return {
        database.removeprefix("raw_"): {
            OF_SOURCE: frozenset(column(client, f"select delivery_id from {quote(database)}._deliveries"))
        }
        for database in databases_with(client, "_deliveries")
        if database.startswith("raw_")
    }


def note_published(client: "Client", version: str) -> None:
    """Records what is published, after all else; what is published next replaces the record."""
    values = ", ".join(map(literal, (ALL, version, "success", "", "")))
    client.command(f"insert into {table_of_builds()} values ({values}, {time.time_ns()})")


def builds() -> str:
    return f"{settings.clickhouse().prefix}_builds"


def table_of_builds() -> str:
    return full_name(builds(), "nodes")


def databases_with(client: "Client", table: str) -> list[str]:
    return column(client, f"select database from system.tables where name = {literal(table)}")


def column(client: "Client", query: str) -> list[str]:
    return [value for (value,) in client.query(query).result_rows]
