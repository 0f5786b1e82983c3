"""One run of the extraction: from the database to a committed delivery that says how both compare."""

from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.cli import UserError, progress
from duckhouse.extraction.compare import compare
from duckhouse.extraction.database import Database, first_line
from duckhouse.extraction.known import Known, KnownTable, load_known
from duckhouse.extraction.reader import Source, Table
from duckhouse.extraction.slot import NOT_THERE, Slot
from duckhouse.extraction.snapshot import Snapshot
from duckhouse.extraction.stream import TableStream, read_stream
from duckhouse.extraction.writer import Output, output, repeated
from duckhouse.landing.manifest import Delivery, SourceFile, iso
from duckhouse.landing.zone import Session, Zone
from duckhouse.sources import Entity, load_source

SOURCE = "ad_delivery"
EXTRACTIONS = "extractions"
FULL_READ = "python -m scripts.extract_postgres --full"


@dataclass(frozen=True)
class TableResult:
    """How source and landing zone compare after a run."""

    table_name: str
    mode: str
    source_rows: int
    known_rows: int
    new_rows: int
    changed_rows: int
    deleted_rows: int
    lag_bytes: int | None

    @property
    def is_reconciled(self) -> bool:
        return self.source_rows == self.known_rows


@dataclass(frozen=True)
class Result:
    delivery: Delivery
    tables: list[TableResult]
    notes: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        return {
            "delivery_id": self.delivery.id,
            "delivered_at": iso(self.delivery.delivered_at),
            "tables": [{**asdict(table), "is_reconciled": table.is_reconciled} for table in self.tables],
            "notes": self.notes,
        }


def extract(database: Database, mode: str, slot_name: str) -> Result:
    """Lands what changed since the last delivery. `mode` is compare, full or cdc.

    Raises UserError, and lands nothing, where the source cannot be read as the contract says.
    """
    contract = load_source(SOURCE)
    with Zone(contract).session() as session:
        return _Run(session, database, mode, Slot(database, slot_name)).result()


class _Run:
    def __init__(self, session: Session, database: Database, mode: str, slot: Slot) -> None:
        self.session, self.zone = session, session.zone
        self.entities = {entity.name: entity for entity in self.zone.source.entities}
        self.tables = [name for name in self.entities if name != EXTRACTIONS]
        self.database = database
        self.mode = mode
        self.slot = slot
        self.notes: list[str] = []
        self.newest = next(reversed(self.zone.deliveries()), None)
        self.known = self._load_known()
        self.every_row = mode == "full"
        # the snapshot from which the log leads to this run's; None where tables are compared
        self.previous: Snapshot | None = None

    def result(self) -> Result:
        if self.mode == "cdc":
            with Source(self.database, self.tables) as source:
                self._checked_tables(source)
            self._ready_slot()
        with Source(self.database, self.tables) as source:
            tables = self._checked_tables(source)
            self._check_age(source)
            self.shown = f"{source.identity}@{source.snapshot}"
            self.at = source.at
            if self.newest:
                self.at = max(self.at, self.newest.delivered_at + timedelta(microseconds=1))
            draft = self.session.begin(self.at, [(name, name, self.shown) for name in self.entities])
            self.id = draft.id
            results, files = self._read(source, tables, draft.folder)
            self.known.identity, self.known.snapshot = source.identity, str(source.snapshot)
            self.known.save(self.id)
        delivery = self.session.commit(draft, files)
        self.known.sweep(self.id)
        if self.mode == "cdc":
            self._confirm()
        return Result(delivery, results, self.notes)

    def _confirm(self) -> None:
        try:
            self.slot.confirm(self.known.slot["confirmed"])
        except (psycopg.Error, UserError) as error:
            said = first_line(error) if isinstance(error, psycopg.Error) else error
            self.notes.append(f"slot {self.slot.name} stays where it was until the next run: {said}")

    def _load_known(self) -> Known:
        known = load_known(self.zone, self.newest)
        if known is None and self.mode != "full":
            raise UserError(
                f"{self.zone.path}: what was known after delivery {self.newest.id} is not there: run {FULL_READ}, "
                "which reads every row again"
            )
        if known is None:
            self.notes.append("what was known was not there: every row landed again")
            known = Known.of_nothing(self.zone)
        return known

    def _ready_slot(self) -> None:
        """Sees to a slot that can be read; without one that goes on from the last delivery, tables are compared."""
        ours = self.known.slot if self.known.slot and self.known.slot["name"] == self.slot.name else None
        publication = self.slot.publish(self.tables)
        is_published = ours is not None and ours.get("publication") == publication
        fault = self.slot.fault(ours and ours["confirmed"], is_published=is_published)
        if fault is None:
            self.previous = Snapshot.parse(self.known.snapshot)
            return
        if ours is None and fault != NOT_THERE and not self.known.has_claimed(self.slot.name):
            raise UserError(
                f"{self.database.address}: slot {self.slot.name} {fault}: name another one with --slot, or drop it: "
                f"select pg_drop_replication_slot('{self.slot.name}')"
            )
        if ours:
            self.every_row = True
            self.notes.append(f"slot {self.slot.name} {fault}: it was made anew, and every row compared")
        self.known.claim(self.slot.name)
        self.known.slot = {"name": self.slot.name, "confirmed": self.slot.create(), "publication": publication}

    def _checked_tables(self, source: Source) -> list[Table]:
        """The tables, where this is the database of the deliveries so far and its tables are as the contract says."""
        self._check_identity(source)
        return [source.table(self.entities[name]) for name in self.tables]

    def _check_identity(self, source: Source) -> None:
        if self.known.identity not in (None, source.identity):
            if self.mode != "full":
                raise UserError(
                    f"{self.zone.path} holds deliveries of another database than {self.database.address}: set "
                    f"DUCKHOUSE_LANDING for a zone of its own, or run {FULL_READ} where the database was moved"
                )
            self.known.slot = None

    def _check_age(self, source: Source) -> None:
        if self.previous and source.snapshot.xmax < self.previous.xmin:
            raise UserError(
                f"{self.database.address} is older than the newest delivery, it seems restored from a backup: run "
                f"{FULL_READ}"
            )

    def _read(
        self, source: Source, tables: list[Table], folder: Path
    ) -> tuple[list[TableResult], tuple[SourceFile, ...]]:
        with ExitStack() as stack:
            outputs = {
                name: stack.enter_context(output(entity, folder, self.id, self.at))
                for name, entity in self.entities.items()
            }
            known = {name: stack.enter_context(self._known_table(name)) for name in self.tables}
            if self.previous:
                counts = self._follow(source, tables, known, outputs)
            else:
                counts = {
                    table.name: self._compare(source, table, known[table.name], outputs[table.name]) for table in tables
                }
            lag = self._lag()
            results = [
                TableResult(
                    table.name, self.mode, source.count(table), known[table.name].rows, *counts[table.name], lag
                )
                for table in tables
            ]
            self._record(outputs[EXTRACTIONS], results)
        self.known.tables = {name: table.document() for name, table in known.items()}
        files = (outputs[name].file(self.shown) for name in sorted(outputs))
        return results, tuple(files)

    def _known_table(self, name: str) -> KnownTable:
        table = self.known.table(name, self.id)
        if self.newest and self.known.identity is None:
            table.recall(landed_ids(self.zone, self.entities[name]))
        return table

    def _compare(self, source: Source, table: Table, known: KnownTable, made: Output) -> list[int]:
        new = changed = deleted = 0
        with progress(label=f"reading {table.name}", unit="rows") as bar:
            for difference in compare(source, table, known, every_row=self.every_row):
                count, gone = len(difference.land), len(difference.deleted)
                made.write({**difference.landed(), "operation": repeated("upsert", count)}, count)
                made.write({"id": pa.array(difference.deleted), "operation": repeated("delete", gone)}, gone)
                new, changed, deleted = new + difference.new, changed + count - difference.new, deleted + gone
                bar.update(len(difference.rows.ids))
        return [new, changed, deleted]

    def _follow(
        self, source: Source, tables: list[Table], known: dict[str, KnownTable], outputs: dict[str, Output]
    ) -> dict[str, list[int]]:
        streams = {table.name: TableStream(table, known[table.name], outputs[table.name]) for table in tables}
        by_full_name = {stream.table.full_name: stream for stream in streams.values()}
        confirmed = read_stream(self.slot, by_full_name, self.previous, source)
        if confirmed:
            self.known.slot["confirmed"] = confirmed
        return {name: stream.settle(source).tolist() for name, stream in streams.items()}

    def _lag(self) -> int | None:
        if self.mode == "cdc":
            return self.slot.lag(self.known.slot["confirmed"])
        if self.known.slot and (kept := Slot(self.database, self.known.slot["name"]).kept()) is not None:
            self.notes.append(
                f"slot {self.known.slot['name']} keeps {kept:,} bytes of log until it is dropped or a run is --cdc"
            )
        return None

    @staticmethod
    def _record(made: Output, results: list[TableResult]) -> None:
        rows = pa.Table.from_pylist([asdict(result) for result in results])
        made.write({name: rows[name].combine_chunks() for name in rows.column_names}, len(results))


def landed_ids(zone: Zone, entity: Entity) -> np.ndarray:
    """The ids of the rows that stand after all landed deliveries, sorted."""
    paths = [path for delivery in zone.deliveries() for path in (delivery.path / entity.name).glob("*.parquet")]
    if not paths:
        return np.empty(0, np.int64)
    newest_last = pa.concat_tables(pq.read_table(path, columns=["id", "operation"]) for path in paths)
    newest_first = newest_last["id"].to_numpy()[::-1]
    stands = newest_last["operation"].to_numpy()[::-1] == "upsert"
    ids, newest = np.unique(newest_first, return_index=True)
    return ids[stands[newest]]
