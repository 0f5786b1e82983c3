"""What a lake holds, and the queries that read it."""

from collections.abc import Iterable, Iterator
from typing import Any

from pyiceberg.table import Table

from duckhouse.cli import UserError
from duckhouse.sources import STREAM, load_source, sources
from duckhouse.streaming.lake.catalog import catalog, faults, location
from duckhouse.streaming.lake.commits import name_of, offsets_of
from duckhouse.streaming.lake.maintenance import maintain
from duckhouse.streaming.lake.table_of_entity import refuse_moved
from duckhouse.streaming.offsets import written


def tables(names: Iterable[str] = ()) -> Iterator[Table]:
    """The tables of sources of kind stream, or only of the named ones. Raises UserError where there are none."""
    found = 0
    for table in tables_there(names):
        found += 1
        yield table
    if not found:
        raise UserError(f"the lake {location()} has no table yet: python -m scripts.consume_kafka makes and fills it")


def tables_there(names: Iterable[str] = ()) -> Iterator[Table]:
    """As `tables`, and none where there are none."""
    with catalog(make=False) as opened:
        for source in map(load_source, names or sources(STREAM)):
            if source.kind != STREAM:
                raise UserError(f"source {source.name} is of kind {source.kind}: a lake is of a {STREAM}")
            for entity in source.entities:
                if opened.table_exists((source.name, entity.name)):
                    with faults(f"lake {source.name}.{entity.name}"):
                        table = opened.load_table((source.name, entity.name))
                        refuse_moved(opened, table, source, entity)
                        yield table


def status(table: Table) -> dict[str, Any]:
    """Rows, offsets and place of a table. `metadata` is the file that DuckDB and ClickHouse read; it changes with every
    commit, and an old one stays readable for the next hundred commits.
    """
    with faults(f"lake {name_of(table)}"):
        snapshot = table.current_snapshot()
        summary = snapshot.summary.additional_properties if snapshot and snapshot.summary else {}
        return {
            "table": name_of(table),
            "rows": int(summary.get("total-records", 0)),
            "files": int(summary.get("total-data-files", 0)),
            "snapshots": len(table.snapshots()),
            "offsets": written(offsets_of(table)),
            "metadata": table.metadata_location,
        }


def maintained(table: Table) -> dict[str, Any]:
    """Maintains a table; returns what was done."""
    with faults(f"lake {name_of(table)}"):
        return {"table": name_of(table), **maintain(table)._asdict()}


def queries(table: Table) -> list[str]:
    """Queries with which DuckDB and ClickHouse read the current state of a table."""
    place, metadata = table.location(), table.metadata_location
    function = "icebergLocal" if place.startswith("/") else "icebergS3"
    file = metadata.removeprefix(f"{place}/")
    return [
        f"DuckDB      from iceberg_scan('{metadata}')",
        f"ClickHouse  select * from {function}('{place}/', settings iceberg_metadata_file_path = '{file}')",
    ]
