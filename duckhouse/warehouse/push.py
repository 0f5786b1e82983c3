"""Brings landed deliveries into the raw tables of a ClickHouse: raw_<source>.<entity>, partitioned by delivery.

A delivery counts as pushed once it has a row in raw_<source>._deliveries, which is written last. Rows are inserted into
a separate table, counted, and then replace the delivery's partition in one step: so concurrent or killed pushes leave
each row there exactly once. A pushed delivery whose counts differ from its manifest is pushed again.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from duckhouse import cli
from duckhouse.clickhouse_sql import full_name, literal, quote
from duckhouse.landed_types import clickhouse_type
from duckhouse.landing.looks import looks_in
from duckhouse.landing.manifest import Delivery, expected_rows
from duckhouse.landing.zone import Zone
from duckhouse.settings import clickhouse, landing_dir
from duckhouse.sources import load_source, sources
from duckhouse.warehouse.connection import connect, refusals_told
from duckhouse.warehouse.pushed_looks import LOOKS, push_looks

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# what every row has
REQUIRED_TYPES = {
    "_delivery_id": "String",
    "_delivered_at": "DateTime64(6, 'UTC')",
    "_source_file": "String",
    "_source_row": "Int64",
}
DELIVERIES = """
    delivery_id String, delivered_at DateTime64(6, 'UTC'), files Int64, records_read Int64, records_landed Int64,
    records_rejected Int64, records_blank Int64
"""
LOOK = "looked_at DateTime64(6, 'UTC')"
# a retried insert of equal rows must not be treated as a duplicate
INSERT_SETTINGS = {"insert_deduplicate": 0}
BESIDE = "_pushed_"  # the prefix of the tables into which rows are inserted first
HOURS_KEPT = 24  # for tables that a killed push left behind


def push(names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Pushes the deliveries of the named sources, or of all where none is named; returns what each pushed."""
    unknown = sorted(set(names) - set(sources()))
    if unknown:
        raise cli.UserError(f"{unknown[0]}: no such source; there are {', '.join(sources())}")
    client = connect()
    looks = looks_in(landing_dir())
    with refusals_told():
        results = [push_source(client, source) for source in names or sources()]
    push_looks(client, {source: at for source, at in looks.items() if source in (names or looks)})
    return results


def describe(result: dict[str, Any]) -> Iterator[str]:
    for delivery in result["pushed"]:
        again = " again: it held other counts than its manifest" if delivery["delivery_id"] in result["damaged"] else ""
        yield f"{result['source']}: pushed {delivery['delivery_id']}, {delivery['rows']:,} rows{again}"
    yield f"{result['source']}: {len(result['pushed'])} pushed, {result['already_there']} were there"


def push_source(client: "Client", source: str) -> dict[str, Any]:
    """Pushes the deliveries of `source` that the server does not have completely. Returns what it pushed, how many were
    there before, and which of these had other counts than their manifests."""
    database = f"raw_{source}"
    tables = create_tables(client, source, database)
    known = {row[0] for row in client.query(f"select delivery_id from {quote(database)}._deliveries").result_rows}
    held = rows_held(client, database, tables)
    landed = Zone(load_source(source)).deliveries()
    damaged = [delivery.id for delivery in landed if delivery.id in known and not is_whole(delivery, held)]
    missing = [delivery for delivery in landed if delivery.id not in known or delivery.id in damaged]
    with tables_beside(client, database) as beside:
        pushed = [
            {"delivery_id": delivery.id, "rows": push_delivery(client, database, delivery, beside)}
            for delivery in cli.progress(missing, label=f"push {source}", unit="delivery")
        ]
    return {"source": source, "pushed": pushed, "already_there": len(known - set(damaged)), "damaged": damaged}


def rows_held(client: "Client", database: str, tables: Iterable[str]) -> dict[tuple[str, str], int]:
    """Row counts by table and delivery; system.parts would include rows hidden by a lightweight delete."""
    counts = " union all ".join(
        f"select {literal(table)}, _delivery_id, count() from {full_name(database, table)} group by _delivery_id"
        for table in tables
    )
    return {(table, delivery): rows for table, delivery, rows in client.query(counts).result_rows}


def is_whole(delivery: Delivery, held: Mapping[tuple[str, str], int]) -> bool:
    return all(held.get((entity, delivery.id), 0) == rows for entity, rows in expected_rows(delivery).items())


def create_tables(client: "Client", source: str, database: str) -> list[str]:
    """Creates the raw tables of the source and adds newly declared columns; returns the names of the tables."""
    from duckhouse.landed_schemas import schemas

    client.command(f"create database if not exists {quote(database)}{everywhere()}")
    there = columns_there(client, database)
    tables = schemas(load_source(source))
    for name, schema in tables.items():
        columns = {field.name: REQUIRED_TYPES.get(field.name) or clickhouse_type(field.type) for field in schema}
        if columns.keys() <= there.get(name, frozenset()):
            continue
        table = full_name(database, name)
        order = ", ".join(column for column in ("_source_file", "_source_row") if column in columns)
        definitions = ", ".join(f"{quote(column)} {data_type}" for column, data_type in columns.items())
        create_table(client, table, definitions, f"MergeTree partition by _delivery_id order by ({order})")
        additions = ", ".join(f"add column if not exists {quote(column)} {kind}" for column, kind in columns.items())
        client.command(f"alter table {table} {additions}")
    if "_deliveries" not in there:
        create_table(client, full_name(database, "_deliveries"), DELIVERIES, "ReplacingMergeTree order by delivery_id")
    if LOOKS not in there:
        create_table(client, full_name(database, LOOKS), LOOK, "ReplacingMergeTree order by ()")
    return list(tables)


def columns_there(client: "Client", database: str) -> dict[str, frozenset[str]]:
    """The names of the columns of each table; of none on a cluster, where other servers may lack what this one has."""
    if clickhouse().cluster:
        return {}
    known = "select table, groupArray(name) from system.columns where database = {database:String} group by table"
    found = client.query(known, parameters={"database": database}).result_rows
    return {table: frozenset(columns) for table, columns in found}


def create_table(client: "Client", table: str, columns: str, engine: str) -> None:
    """Creates the table where it is missing; `engine` is its engine on one server, with partitioning and sort order."""
    replicated = "Replicated" if clickhouse().cluster else ""
    client.command(f"create table if not exists {table}{everywhere()} ({columns}) engine = {replicated}{engine}")


def everywhere() -> str:
    cluster = clickhouse().cluster
    return f" on cluster {quote(cluster)}" if cluster else ""


Beside = Callable[[str], str]
"""Creates the separate table of an entity, where it does not exist yet, and returns its name."""


@contextmanager
def tables_beside(client: "Client", database: str) -> Iterator[Beside]:
    """Tables for rows that are not verified yet, used by this push only."""
    left = (
        "select name from system.tables where database = {database:String} and startsWith(name, {beside:String}) "
        "and metadata_modification_time < now() - toIntervalHour({hours:UInt8})"
    )
    values = {"database": database, "beside": BESIDE, "hours": HOURS_KEPT}
    for (name,) in client.query(left, parameters=values).result_rows:
        client.command(f"drop table if exists {full_name(database, name)}")
    own = f"{BESIDE}{secrets.token_hex(8)}_"
    made: dict[str, str] = {}

    def beside(entity: str) -> str:
        if entity not in made:
            made[entity] = full_name(database, own + entity)
            client.command(f"create table {made[entity]} as {full_name(database, entity)}")
        return made[entity]

    try:
        yield beside
    finally:
        for table in made.values():
            client.command(f"drop table if exists {table}")


def push_delivery(client: "Client", database: str, delivery: Delivery, beside: Beside) -> int:
    """Replaces the partitions of the delivery with the counted rows, then writes its row; returns the row count."""
    if not re.fullmatch(r"[0-9A-Za-z_-]+", delivery.id):
        raise cli.UserError(f"{delivery.path}: not the name of a delivery; land the files again")
    expected = expected_rows(delivery)
    for entity, rows in expected.items():
        table = full_name(database, entity)
        arrived = beside(entity)
        for file in sorted((delivery.path / entity).glob("*.parquet")):
            insert_file(client, arrived, file)
        found = client.query(
            f"select count() from {arrived} where _delivery_id = {{delivery:String}}",
            parameters={"delivery": delivery.id},
        ).result_rows[0][0]
        if found != rows:
            raise cli.UserError(
                f"{database}.{entity}: {found} rows of delivery {delivery.id} arrived, its manifest says {rows}; "
                "land the delivery again"
            )
        partition = literal(delivery.id)
        client.command(
            f"alter table {table} replace partition {partition} from {arrived}"
            if rows
            else f"alter table {table} drop partition {partition}"
        )
    counts = [
        sum(getattr(file, name) for file in delivery.files)
        for name in ("records_read", "records_landed", "records_rejected", "records_blank")
    ]
    client.insert(
        "_deliveries",
        [[delivery.id, delivery.delivered_at, len(delivery.files), *counts]],
        database=database,
    )
    return sum(expected.values())


def insert_file(client: "Client", table: str, file: Path) -> None:
    import pyarrow.parquet as pq

    columns = ", ".join(quote(name) for name in pq.read_schema(file).names)
    with file.open("rb") as block:
        client.raw_insert(f"{table} ({columns})", insert_block=block, fmt="Parquet", settings=INSERT_SETTINGS)
