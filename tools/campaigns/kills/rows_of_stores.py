"""Compares what landed from a database and a lake, and what is in the store, with their content."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from duckhouse.landing.zone import Zone
from duckhouse.sources import load_source
from tools.campaigns.consume.sums import apart
from tools.campaigns.kills.world import CampaignWorld

TABLES = {
    "advertiser": "id, name, updated_at, created_at",
    "campaign": "id, name, bid::text, budget::text, start_date::text, end_date::text, advertiser_id, updated_at, "
    "created_at",
    "impressions": "id, campaign_id, created_at",
    "clicks": "id, campaign_id, created_at",
}
"""Of the database: what PostgreSQL, and DuckDB, which reads what landed, are asked for."""


def of_database(made: CampaignWorld) -> Iterator[str]:
    """The last records of all keys add up to the tables; no record repeats the previous one; no file is left over."""
    zone = Zone(load_source("ad_delivery"))
    if not zone.deliveries():
        return
    with psycopg.connect(made.settings["POSTGRES_DSN"]) as database, duckdb.connect() as landed:
        for table, columns in TABLES.items():
            records = f"read_parquet('{zone.path}/delivery=*/{table}/*.parquet', union_by_name = true)"
            state = landed.execute(
                f"select {columns} from {records} qualify operation = 'upsert' and row_number() over "
                "(partition by id order by _delivery_id desc, _source_row desc) = 1 order by id"
            ).fetchall()
            truth = database.execute(f"select {columns} from {table} order by id".encode()).fetchall()
            yield from apart(f"{table}, landed", state, truth)
            repeated = landed.execute(
                f"select id, operation, {columns}, lag((operation, {columns})) over (partition by id "
                f"order by _delivery_id, _source_row) as before from {records} "
                f"qualify before = (operation, {columns})"
            ).fetchall()
            yield from (f"{table}: {row[0]} is told twice alike" for row in repeated)
    newest = zone.deliveries()[-1].id
    notes = json.loads((zone.path / ".known" / f"{newest}.json").read_text())
    used = {entry["place"][0] for table in notes["tables"].values() for entry in table.values()} | {f"{newest}.json"}
    files = {path.name for path in (zone.path / ".known").iterdir() if path.suffix != ".slot"}
    yield from (f"{zone.path / '.known' / name}: left behind" for name in sorted(files - used))


def of_lake_and_store(made: CampaignWorld, *, is_migrated: bool) -> Iterator[str]:
    """Each message of the lake has landed once, valid or rejected; each valid one is in the store once, and the first
    of each key is the reading."""
    from duckhouse.streaming.lake.iceberg import open_lake  # it takes a second to import
    from duckhouse.streaming.running import stream_source

    source, entity = stream_source("telemetry")
    with open_lake(source, entity) as lake:
        rows = lake.table.refresh().scan().to_arrow().to_pylist()
    valid = [row for row in rows if row["_fault"] is None]
    yield from apart("lake, by place", Counter(map(_place, rows)).values(), [1] * len(rows))
    yield from _landed(Zone(source).path, rows, valid)
    if is_migrated:
        with psycopg.connect(made.settings["TELEMETRY_DSN"]) as store:
            yield from _stored(store, valid)


def _landed(zone: Path, rows: list[dict[str, Any]], valid: list[dict[str, Any]]) -> Iterator[str]:
    with duckdb.connect() as connection:

        def places(table: str) -> list[tuple[int, int]]:
            files = list(zone.glob(f"delivery=2*/{table}/*.parquet"))
            if not files:
                return []
            read = f"read_parquet('{zone}/delivery=2*/{table}/*.parquet', union_by_name = true)"
            found = connection.execute(f"select _source_file, _source_row from {read}").fetchall()
            return [(int(name.rpartition("/")[2]), row) for name, row in found]

        landed, rejected = places("readings"), places("_rejected")
    yield from apart("landed messages, by place", landed, map(_place, valid))
    yield from apart("rejected messages, by place", {*rejected} - {*landed}, {*map(_place, rows)} - {*landed})
    yield from apart("rejected messages", rejected, set(rejected))


def _stored(store: psycopg.Connection, valid: list[dict[str, Any]]) -> Iterator[str]:
    first: dict[tuple[str, Any], tuple[Any, ...]] = {}
    for row in valid:
        key, order = (row["device_id"], row["timestamp"]), (row["_produced_at"], *_place(row))
        first[key] = min(order, first.get(key, order))
    readings = {order[1:] for order in first.values()}
    for table, meant in (("readings", readings), ("reading_repeats", {*map(_place, valid)} - readings)):
        found = store.execute(f"select _partition, _offset from {table}".encode()).fetchall()
        yield from apart(f"{table}, by place", found, meant)


def _place(row: dict[str, Any]) -> tuple[int, int]:
    return row["_partition"], row["_offset"]
