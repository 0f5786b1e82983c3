"""A lake of its own for a test, rows to write into it, and what each engine reads from it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyiceberg.table import Table

from duckhouse.duck import load_iceberg
from duckhouse.settings import environment
from duckhouse.sources import Column, Entity, load_source
from duckhouse.streaming.lake.iceberg import Lake, open_lake
from duckhouse.streaming.offsets import Partition
from duckhouse.streaming.rows import schema

SOURCE = load_source("telemetry")
[READINGS] = SOURCE.entities
TOPIC = "QjfbRc2KT1Sv8nQ-Uu2hbw"
ZERO, ONE = Partition(TOPIC, 0), Partition(TOPIC, 1)
NOON = datetime(2026, 3, 25, 12, tzinfo=UTC)
CLICKHOUSE = """
import json, sys, chdb
print(json.dumps([json.loads(str(chdb.query(query, "JSONCompactEachRow"))) for query in sys.argv[1:]]))
"""


@contextmanager
def lake(folder: Path, entity: Entity = READINGS, **settings: str) -> Iterator[Lake]:
    """The lake in a folder; its catalog is there too where no setting says otherwise."""
    named = {"DUCKHOUSE_LAKE": str(folder), "DUCKHOUSE_LAKE_CATALOG": "", **settings}
    with environment(named), open_lake(SOURCE, entity) as opened:
        yield opened


def with_column(name: str, kind: str, entity: Entity = READINGS) -> Entity:
    """The entity with one more column, or with another type of one."""
    others = tuple(column for column in entity.columns if column.name != name)
    return replace(entity, columns=(*others, Column(name=name, type=kind)))


def rows(
    offsets: Sequence[int],
    partition: Partition = ZERO,
    *,
    invalid: Sequence[int] = (),
    at: datetime = NOON,
    entity: Entity = READINGS,
    **values: Any,
) -> pa.Table:
    """A row per offset: its device is of three, its temperature the offset, and it is measured the later the lower the
    offset; those in `invalid` are invalid. `values` are the same in all valid rows.
    """
    made = [_row(offset, partition, offset in invalid, at, values) for offset in offsets]
    return pa.Table.from_pylist(made, schema=schema(entity))


def _row(offset: int, partition: Partition, invalid: bool, at: datetime, values: dict[str, Any]) -> dict[str, Any]:
    known = {
        "_topic_id": partition.topic_id,
        "_partition": partition.number,
        "_offset": offset,
        "_produced_at": at,
        "_consumed_at": at,
        "_key": b"\x00key",
    }
    if invalid:
        return {**known, "_fault": "not_json", "_fault_detail": "", "_value": b"{\xff"}
    reading = {
        "device_id": f"device-{offset % 3}",
        "timestamp": at - timedelta(seconds=offset),
        "temperature": float(offset),
        "humidity": 40.0,
        "firmware_version": "v1.2.0",
    }
    return {**known, **reading, **values}


def content(opened: Lake) -> list[dict[str, Any]]:
    """All rows, in the order of their places."""
    return sorted(
        opened.table.refresh().scan().to_arrow().to_pylist(), key=lambda row: (row["_partition"], row["_offset"])
    )


def places(opened: Lake) -> list[tuple[int, int]]:
    """Partition and offset of all rows, in order."""
    return [(row["_partition"], row["_offset"]) for row in content(opened)]


def by_duckdb(table: Table, select: str) -> tuple[Any, ...]:
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        load_iceberg(connection)
        row = connection.sql(f"select {select} from iceberg_scan('{table.metadata_location}')").fetchone()
        assert row
        return row


def by_clickhouse(tables: Sequence[Table], select: str) -> list[tuple[Any, ...]]:
    """By a process of its own in the lake's folder: the engine reads files below the folder that it starts in."""
    queries = []
    for table in tables:
        metadata = table.metadata_location.removeprefix(f"{table.location()}/")
        place = f"icebergLocal('{table.location()}/', settings iceberg_metadata_file_path = '{metadata}')"
        queries.append(f"select {select} from {place}")
    folder = Path(tables[0].location()).parents[1]
    command = [sys.executable, "-c", CLICKHOUSE, *queries]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return [tuple(row) for row in json.loads(ran.stdout)]
