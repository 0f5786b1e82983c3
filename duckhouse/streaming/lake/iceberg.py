"""The lake as a store of the consumer: an Iceberg table whose snapshots commit rows and offsets together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.table import Table

from duckhouse.sources import Entity, Source
from duckhouse.streaming.lake.catalog import catalog, faults
from duckhouse.streaming.lake.commits import commit, name_of, offsets_of
from duckhouse.streaming.lake.data_files import files_of
from duckhouse.streaming.lake.maintenance import Maintained, maintain_a_little
from duckhouse.streaming.lake.repairs import repair
from duckhouse.streaming.lake.replays import add, missing
from duckhouse.streaming.lake.scans import INVALID, in_order, of_partition, put_together, scanned
from duckhouse.streaming.lake.table_of_entity import table_of
from duckhouse.streaming.offsets import Offsets, Partition
from duckhouse.streaming.rows import schema
from duckhouse.streaming.sink import Overtaken


@dataclass(frozen=True)
class Lake:
    """A Sink (duckhouse/streaming/sink.py)."""

    table: Table
    entity: Entity

    @property
    def name(self) -> str:
        return "lake"

    @property
    def place(self) -> str:
        return f"lake {name_of(self.table)}"

    def offsets(self) -> Offsets:
        with faults(self.place):
            return offsets_of(self.table.refresh())

    def write(self, rows: pa.Table, expected: Offsets, reached: Offsets) -> None:
        def moved(there: Offsets) -> Offsets:
            for partition in reached:
                if there.get(partition) != expected.get(partition):
                    raise Overtaken(f"{self.place}: {partition} is at {there.get(partition)}")
            return {**there, **reached}

        with faults(self.place):
            there = offsets_of(self.table.refresh())
            if moved(there) != there or len(rows):
                commit(self.table, list(files_of(self.table, rows)), offsets=moved)

    def rows(self, partition: Partition, start: int, end: int) -> Iterator[pa.Table]:
        columns = schema(self.entity)
        with faults(self.place):
            found = scanned(self.table.refresh(), of_partition(partition, start, end), columns.names)
            yield from in_order(found, columns, ["_offset"])

    def invalid(self) -> Iterator[pa.Table]:
        columns = schema(self.entity)
        with faults(self.place):
            yield from put_together(scanned(self.table.refresh(), INVALID, columns.names), columns)

    def missing(self, rows: pa.Table) -> pa.Table:
        with faults(self.place):
            return missing(self.table.refresh(), rows)

    def add(self, rows: pa.Table) -> None:
        with faults(self.place):
            add(self.table, rows)

    def repair(self, rows: pa.Table) -> int:
        with faults(self.place):
            return repair(self.table, rows)

    def maintain(self) -> Maintained:
        """Does maintenance that is due. It takes seconds, so it can run between two batches."""
        with faults(self.place):
            return maintain_a_little(self.table)


@contextmanager
def open_lake(source: Source, entity: Entity) -> Iterator[Lake]:
    """The lake of an entity, from DUCKHOUSE_LAKE and DUCKHOUSE_LAKE_CATALOG. Creates its table, or adds columns that
    are new in the declaration.

    Raises UserError where there is no lake, and where the type of a column changed.
    """
    with catalog() as opened:
        with faults(f"lake {source.name}.{entity.name}"):
            table = table_of(opened, source, entity)
        yield Lake(table, entity)
