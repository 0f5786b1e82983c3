"""Brings landed deliveries into the raw tables of a ClickHouse: raw_<source>.<entity>, partitioned by delivery.

A delivery counts as pushed when its row in raw_<source>._deliveries is there, which is written last, after the counts
of every entity were verified. A run that was killed is finished by the next: it replaces the partitions of what is
missing.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from duckhouse import cli
from duckhouse.landed_types import clickhouse_type
from duckhouse.landing.manifest import Delivery
from duckhouse.landing.zone import Zone
from duckhouse.settings import clickhouse
from duckhouse.sources import load_source, sources
from duckhouse.warehouse.connection import connect, first_line, full_name, literal, quote

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
# a retried insert of equal rows must not be taken for a duplicate of the partition that was dropped before it
INSERT_SETTINGS = {"insert_deduplicate": 0}


def push(names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Pushes the deliveries of the named sources, of all where none is named; what each has pushed."""
    unknown = sorted(set(names) - set(sources()))
    if unknown:
        raise cli.UserError(f"{unknown[0]}: no such source; there are {', '.join(sources())}")
    from clickhouse_connect.driver.exceptions import ClickHouseError

    client = connect()
    try:
        return [push_source(client, source) for source in names or sources()]
    except ClickHouseError as error:
        raise cli.UserError(f"ClickHouse: {first_line(error)}; push again, it goes on where it stopped") from None


def describe(result: dict[str, Any]) -> Iterator[str]:
    for delivery in result["pushed"]:
        yield f"{result['source']}: pushed {delivery['delivery_id']}, {delivery['rows']:,} rows"
    yield f"{result['source']}: {len(result['pushed'])} pushed, {result['already_there']} were there"


def push_source(client: "Client", source: str) -> dict[str, Any]:
    """Pushes the deliveries of `source` that the server does not hold; what it pushed and how many were there."""
    database = f"raw_{source}"
    create_tables(client, source, database)
    known = {row[0] for row in client.query(f"select delivery_id from {quote(database)}._deliveries").result_rows}
    missing = [delivery for delivery in Zone(load_source(source)).deliveries() if delivery.id not in known]
    pushed = [
        {"delivery_id": delivery.id, "rows": push_delivery(client, database, delivery)}
        for delivery in cli.progress(missing, label=f"push {source}", unit="delivery")
    ]
    return {"source": source, "pushed": pushed, "already_there": len(known)}


def create_tables(client: "Client", source: str, database: str) -> None:
    """The raw tables of the source; a column that its declaration gained is added."""
    from duckhouse.landed_schemas import schemas

    cluster = clickhouse().cluster
    everywhere = f" on cluster {quote(cluster)}" if cluster else ""
    engine = "ReplicatedMergeTree" if cluster else "MergeTree"
    client.command(f"create database if not exists {quote(database)}{everywhere}")
    for name, schema in schemas(load_source(source)).items():
        columns = {field.name: REQUIRED_TYPES.get(field.name) or clickhouse_type(field.type) for field in schema}
        table = full_name(database, name)
        order = ", ".join(column for column in ("_source_file", "_source_row") if column in columns)
        definitions = ", ".join(f"{quote(column)} {data_type}" for column, data_type in columns.items())
        client.command(
            f"create table if not exists {table}{everywhere} ({definitions}) "
            f"engine = {engine} partition by _delivery_id order by ({order})"
        )
        additions = ", ".join(f"add column if not exists {quote(column)} {kind}" for column, kind in columns.items())
        client.command(f"alter table {table} {additions}")
    client.command(
        f"create table if not exists {quote(database)}._deliveries{everywhere} ({DELIVERIES}) "
        f"engine = {engine} order by delivery_id"
    )


def push_delivery(client: "Client", database: str, delivery: Delivery) -> int:
    """Replaces the delivery's partitions, verifies their counts, then writes its row. The number of rows pushed."""
    if not re.fullmatch(r"[0-9A-Za-z_-]+", delivery.id):
        raise cli.UserError(f"{delivery.path}: not the name of a delivery; land the files again")
    expected = expected_rows(delivery)
    for entity, rows in expected.items():
        table = full_name(database, entity)
        client.command(f"alter table {table} drop partition {literal(delivery.id)}")
        for file in sorted((delivery.path / entity).glob("*.parquet")):
            insert_file(client, table, file)
        found = client.query(
            f"select count() from {table} where _delivery_id = {{delivery:String}}",
            parameters={"delivery": delivery.id},
        ).result_rows[0][0]
        if found != rows:
            raise cli.UserError(
                f"{database}.{entity}: {found} rows of delivery {delivery.id} arrived, its manifest says {rows}; "
                "push again, and land the delivery again if it stays so"
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


def expected_rows(delivery: Delivery) -> dict[str, int]:
    """Rows by table, as the manifest counts them."""
    rows = Counter({"_files": len(delivery.files)})
    for file in delivery.files:
        rows[file.entity] += file.records_landed
        rows["_rejected"] += file.records_rejected
    return dict(rows)


def insert_file(client: "Client", table: str, file: Path) -> None:
    import pyarrow.parquet as pq

    columns = ", ".join(quote(name) for name in pq.read_schema(file).names)
    with file.open("rb") as block:
        client.raw_insert(f"{table} ({columns})", insert_block=block, fmt="Parquet", settings=INSERT_SETTINGS)
