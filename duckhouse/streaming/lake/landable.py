"""What landing needs from the lake: the offsets of a snapshot, and its rows between two sets of offsets."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from pyiceberg.table import Table

from duckhouse.cli import UserError
from duckhouse.landing.load import Outcome
from duckhouse.sources import Entity, Source
from duckhouse.streaming import rows as rows_of
from duckhouse.streaming.deliver import Span, State, deliver
from duckhouse.streaming.lake.catalog import faults
from duckhouse.streaming.lake.commits import name_of, offsets_of
from duckhouse.streaming.lake.iceberg import open_lake
from duckhouse.streaming.lake.scans import of_partition, scanned
from duckhouse.streaming.offsets import Partition

FAULT = "_fault"


@dataclass(frozen=True)
class LandableLake:
    """One snapshot of the lake: the one that is current when it is opened."""

    table: Table
    entity: Entity

    def state(self) -> State:
        with faults(f"lake {name_of(self.table)}"):
            snapshot = self.table.current_snapshot()
            rows, valid = _counts(self.table)
            return State(str(snapshot.snapshot_id) if snapshot else "", offsets_of(self.table), rows, valid)

    def rows(self, spans: Mapping[Partition, Span]) -> Iterator[tuple[Partition, pa.Table]]:
        columns = rows_of.schema(self.entity)
        wanted = " or ".join(f"({of_partition(partition, *span)})" for partition, span in spans.items())
        with faults(f"lake {name_of(self.table)}"):
            for piece in scanned(self.table, wanted, columns.names) if spans else ():
                for partition in spans:
                    if len(rows := rows_of.of_partition(piece, partition)):
                        yield partition, rows.cast(columns)


@contextmanager
def landable_lake(source: Source, entity: Entity) -> Iterator[LandableLake]:
    """The lake of an entity as it is now. Raises UserError where there is none."""
    with open_lake(source, entity) as lake:
        yield LandableLake(lake.table.refresh(), entity)


def deliver_from_lake(source: Source, paths: Sequence[str], *, delivered_at: datetime | None, dry_run: bool) -> Outcome:
    """Lands what is new in the lake of a stream. A stream has no files, so `paths` must be empty."""
    if paths:
        raise UserError(f"source {source.name} is a stream: it lands from its lake, so leave out {', '.join(paths)}")
    return deliver(source, delivered_at=delivered_at, dry_run=dry_run, opened=landable_lake)


def _counts(table: Table) -> tuple[int, int]:
    """The number of all rows of the current snapshot, and of those without a fault, from the metadata of its files."""
    fault = table.schema().find_field(FAULT).field_id
    rows = valid = 0
    snapshot = table.current_snapshot()
    for manifest in snapshot.manifests(table.io) if snapshot else ():
        for entry in manifest.fetch_manifest_entry(table.io):
            rows += entry.data_file.record_count
            valid += (entry.data_file.null_value_counts or {}).get(fault, 0)
    return rows, valid
