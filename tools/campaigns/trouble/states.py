"""The required result of a command: each reader returns what does not depend on how often the command ran before."""

from collections import defaultdict
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from duckhouse.clickhouse_sql import full_name, literal
from duckhouse.extraction.database import database_of
from duckhouse.settings import published_beside
from duckhouse.streaming.lake.iceberg import open_lake
from duckhouse.streaming.running import stream_source
from duckhouse.warehouse.connection import connect
from duckhouse.warehouse.push import BESIDE
from tools.campaigns.servers import PREFIX
from tools.campaigns.trouble.starts import DATABASE, LANDING

OF_ONE_RUN = frozenset({"_delivery_id", "_delivered_at", "delivery_id", "delivered_at"})
TABLES = ("advertiser", "campaign", "impressions", "clicks")
OF_A_MESSAGE = ("_topic_id", "_partition", "_offset", "_fault", "device_id", "timestamp", "temperature")
PLACE = "_topic_id, _partition, _offset"
STORE = ("readings", "reading_repeats", "dead_letters")


def landed(work: Path) -> Any:
    """The rows of each file of each delivery, in the order in which deliveries count."""
    return [
        {str(path.relative_to(delivery)): _rows(path) for path in sorted(delivery.rglob("*.parquet"))}
        for delivery in sorted((work / LANDING).glob("*/delivery=*"))
    ]


def extracted(work: Path) -> Any:
    """The rows of each table of the database, in any delivery: a run that finds nothing new also makes one, with only a
    ledger. `_files` names the snapshot, which changes with any transaction on the server, such as autovacuum.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for path in (work / LANDING / "ad_delivery").glob("delivery=*/*/*.parquet"):
        if path.parent.name in TABLES:
            found[path.parent.name] += _rows(path)[1]
    return {table: sorted(rows) for table, rows in found.items()}


def files(folder: str) -> Callable[[Path], Any]:
    """Reads the files below a folder of the run: their names, and the sha256 of each."""

    def found(work: Path) -> Any:
        paths = [path for path in sorted((work / folder).rglob("*")) if path.is_file()]
        return {str(path.relative_to(work)): sha256(path.read_bytes()).hexdigest() for path in paths}

    return found


def marts(work: Path) -> Any:
    """What is built, and which part of it is published."""
    return [_tables(path) for path in (work / DATABASE, published_beside(work / DATABASE))]


def _tables(path: Path) -> dict[str, Any]:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name in ('marts', 'staging') order by all"
        ).fetchall()
        return {
            name: connection.execute(f'select count(*), bit_xor(hash(t)) from "{schema}"."{name}" as t').fetchall()
            for schema, name in tables
        }


def in_lake(_: Path) -> Any:
    source, entity = stream_source(None)
    with open_lake(source, entity) as lake:
        rows = lake.table.refresh().scan(selected_fields=OF_A_MESSAGE).to_arrow().to_pylist()
    return sorted(repr([row[name] for name in OF_A_MESSAGE]) for row in rows)


def in_store(_: Path) -> Any:
    """Where messages are stored; tests of the store check their content."""
    source, _ = stream_source(None)
    with database_of(source) as database, database.connect() as connection:
        return {
            table: connection.execute(f"select {PLACE} from {table} order by {PLACE}".encode()).fetchall()
            for table in STORE
        }


def consumed(work: Path) -> Any:
    return in_lake(work), in_store(work)


def warehouse(*names: str) -> Callable[[Path], Any]:
    """Reads databases of ClickHouse: rows and a checksum of each relation."""

    def found(_: Path) -> Any:
        client = connect()
        relations = client.query(
            f"select database, name from system.tables where database in ({', '.join(map(literal, names))}) "
            f"and not startsWith(name, {literal(BESIDE)}) order by all"
        ).result_rows
        return {
            relation: client.query(
                f"select count(), sum(cityHash64(toString(tuple(*)))) from {full_name(*relation)}",
                settings={"final": 1},
            ).result_rows
            for relation in relations
        }

    return found


pushed = warehouse("raw_consent")
published = warehouse(f"{PREFIX}_staging", f"{PREFIX}_marts")


def _rows(path: Path) -> tuple[list[str], list[str]]:
    table = pq.read_table(path, use_threads=False)
    kept = [name for name in table.column_names if name not in OF_ONE_RUN]
    return table.column_names, sorted(map(repr, table.select(kept).to_pylist()))
