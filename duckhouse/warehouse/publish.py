"""Publishes what is built: on ClickHouse each relation of <prefix>_audit_<schema> replaces that of <prefix>_<schema>.

It does not check whether the build passed: python -m scripts.prod builds, and publishes only what passed; a dbt build
on DuckDB publishes by itself.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from duckhouse import cli
from duckhouse.clickhouse_sql import full_name, literal, quote
from duckhouse.dbt_plugin import published
from duckhouse.dbt_plugin.blocks import InTable
from duckhouse.dbt_plugin.warehouses import row_counts
from duckhouse.opening import open_duckdb
from duckhouse.project import manifest
from duckhouse.settings import audit_prefix, clickhouse, duckdb_path, published_path
from duckhouse.warehouse import news
from duckhouse.warehouse.connection import first_line
from duckhouse.warehouse.parity import published_models

# a published table shares its parts with another table: dropping it loses nothing
WITHOUT_LIMIT = {"max_table_size_to_drop": 0, "max_partition_size_to_drop": 0}


class Relation(NamedTuple):
    database: str
    name: str
    engine: str
    definition: str

    @property
    def is_view(self) -> bool:
        return self.engine == "View"


def refuse_a_cluster() -> None:
    """Raises UserError where CLICKHOUSE_CLUSTER is set: each replica would attach the parts, which duplicates rows."""
    if clickhouse().cluster:
        raise cli.UserError(
            "CLICKHOUSE_CLUSTER is set, and publishing is for one node; "
            "unset it, or build in place: python -m scripts.push && dbt build --target prod"
        )


def start(client: Client) -> None:
    """Prepares the audit databases for a build. Where there are none, they start from what is published, because
    staging may have deliveries that are no longer in landing. The database <prefix>_audit is created last: it marks
    them as complete."""
    refuse_a_cluster()
    audit, published = audit_prefix(), clickhouse().prefix
    if audit in databases(client):
        return
    if any(name.startswith(f"{published}_") for name in databases(client)):
        built = [node for node in manifest().nodes.values() if node.resource_type in ("model", "seed", "snapshot")]
        copy(client, published, audit, sorted({node.schema for node in built}))
    client.command(f"create database {quote(audit)}")


def is_waiting(client: Client) -> bool:
    """Whether a build passed its tests but is not completely published, for example because publishing was stopped."""
    audit = audit_prefix()
    return audit in databases(client) and "passed" in {relation.name for relation in relations(client, [audit])}


def passed(client: Client, version: str) -> None:
    """Records that the build in the audit databases passed, so that it is published even if this run is stopped, and
    the version that it made."""
    table = f"{quote(audit_prefix())}.passed"
    client.command(f"create table {table} (x Bool) engine = MergeTree order by () comment {literal(version)}")


def version_that_passed(client: Client) -> str:
    """The version of the build that is waiting to be published."""
    audit = literal(audit_prefix())
    [(version,)] = client.query(
        f"select comment from system.tables where database = {audit} and name = 'passed'"
    ).result_rows
    return str(version)


def publish(client: Client) -> dict[str, Any]:
    """Publishes the audit databases; returns what was published and what was dropped. After a stop, call it again."""
    refuse_a_cluster()
    audit, published = audit_prefix(), clickhouse().prefix
    built = [name for name in databases(client) if name.startswith(f"{audit}_") and name != f"{audit}_runs"]
    schemas = [name.removeprefix(f"{audit}_") for name in built]
    if not schemas:
        raise cli.UserError(f"there are no databases {audit}_*: python -m scripts.prod builds and publishes them")
    InTable(news.published(client).query, audit).remove()  # what is published by hand may be what was blocked
    result = copy(client, audit, published, schemas)
    client.command(f"drop table if exists {quote(audit)}.passed")
    return result


def publish_dev() -> dict[str, Any]:
    """Replaces the copy of target dev with what is built there now."""
    known = {(model.schema, model.name) for model in published_models()}
    with open_duckdb(duckdb_path(), read_only=False) as connection:  # so no build writes meanwhile
        connection.execute("set TimeZone = 'UTC'")

        def query(sql: str) -> Sequence[Sequence[str]]:
            return connection.execute(sql).fetchall()

        there = set(row_counts(query, known | {published.RECORDS}))
        if not there & known:
            raise cli.UserError(f"{duckdb_path()}: no marts are built; run dbt build --target dev first")
        published.publish(query, there, published_path())
    return {"copy": str(published_path()), "tables": [".".join(relation) for relation in sorted(there & known)]}


def describe(result: dict[str, Any]) -> str:
    if "copy" in result:
        return f"published {len(result['tables'])} tables in {result['copy']}"
    dropped = f"; dropped {', '.join(result['dropped'])}" if result["dropped"] else ""
    return f"published {len(result['tables'])} tables and {len(result['views'])} views{dropped}"


def copy(client: Client, origin: str, destination: str, schemas: list[str]) -> dict[str, Any]:
    """Replaces the databases of one prefix with those of another, relation by relation: readers see the old one or the
    new one.

    A table is cloned, which links its parts without copying them; views come after the tables that they read.
    """
    found = relations(client, [f"{origin}_{schema}" for schema in schemas])
    for relation in found:
        if not (relation.is_view or re.fullmatch("(Shared)?[A-Za-z]*MergeTree", relation.engine)):
            raise cli.UserError(
                f"{relation.database}.{relation.name}: engine {relation.engine} cannot be published, "
                "only views and MergeTree tables; nothing was published"
            )
    before = relations(client, [f"{destination}_{schema}" for schema in schemas])
    tables = [relation for relation in found if not relation.is_view]
    views = [relation for relation in found if relation.is_view]

    def place(relation: Relation) -> tuple[str, str]:
        return destination + relation.database.removeprefix(origin), relation.name

    try:
        for schema in schemas:
            client.command(f"create database if not exists {quote(f'{destination}_{schema}')}")
        for table in cli.progress(tables, label="publish", unit="table"):
            client.command(
                f"create or replace table {full_name(*place(table))} clone as {full_name(table.database, table.name)}",
                settings=WITHOUT_LIMIT,
            )
        for view in views:
            client.command(moved(view.definition, origin, destination), settings=WITHOUT_LIMIT)
        kept = set(map(place, found))
        gone = [relation for relation in before if (relation.database, relation.name) not in kept]
        for relation in gone:
            client.command(f"drop table {full_name(relation.database, relation.name)}", settings=WITHOUT_LIMIT)
    except ClickHouseError as error:
        raise cli.UserError(f"ClickHouse: {first_line(error)}; publish again, it starts over") from None
    return {
        "tables": [".".join(place(table)) for table in tables],
        "views": [".".join(place(view)) for view in views],
        "dropped": [f"{relation.database}.{relation.name}" for relation in gone],
    }


def databases(client: Client) -> list[str]:
    return [name for (name,) in client.query("select name from system.databases order by name").result_rows]


def relations(client: Client, names: list[str]) -> list[Relation]:
    """The relations of databases, without those that a stopped dbt left behind."""
    rows = client.query(
        "select database, name, engine, create_table_query from system.tables "
        f"where database in ({', '.join(map(literal, names))}) and position(name, '__dbt_') = 0 order by database, name"
    ).result_rows
    return [Relation(*row) for row in rows]


def moved(definition: str, origin: str, destination: str) -> str:
    """The statement that replaces a view with its copy for another prefix, which reads the databases of that prefix."""
    database = re.compile(rf"(?<![\w`])(`?){re.escape(origin)}_(\w+)\1(?=\.)")
    elsewhere = database.sub(lambda found: quote(f"{destination}_{found[2]}"), definition)
    return elsewhere.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)
