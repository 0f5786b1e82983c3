"""How a run will find changes: decided before it reads, from what is known and from what the source offers."""

import re
from dataclasses import dataclass, field

from duckhouse.cli import UserError
from duckhouse.extraction.command import command
from duckhouse.extraction.database import Database
from duckhouse.extraction.known import Known, load_known
from duckhouse.extraction.publication import publish
from duckhouse.extraction.reader import SnapshotReader
from duckhouse.extraction.slot import NOT_THERE, Slot
from duckhouse.extraction.snapshot import Snapshot
from duckhouse.extraction.tables import SourceTable
from duckhouse.landing.manifest import Delivery
from duckhouse.landing.zone import Zone

MOST_OF_A_NAME = 63


@dataclass
class Plan:
    """`previous` is the snapshot from which the log leads to this run's snapshot; None where tables are compared."""

    zone: Zone
    database: Database
    mode: str
    newest: Delivery | None
    known: Known
    slot: Slot
    every_row: bool
    previous: Snapshot | None = None
    notes: list[str] = field(default_factory=list)

    def checked_tables(self, reader: SnapshotReader) -> list[SourceTable]:
        """The tables, after checks that this is the deliveries' database and that its tables are as declared."""
        if self.known.identity not in (None, reader.identity):
            if self.mode != "full":
                raise UserError(
                    f"{self.zone.path} holds deliveries of another database than {self.database.address}: set "
                    f"DUCKHOUSE_LANDING for a zone of its own, or run {self.full_read} where the database was moved"
                )
            self.known.slot = None
        if self.previous and reader.snapshot.xmax < self.previous.xmin:
            raise UserError(
                f"{self.database.address} is older than the newest delivery, probably restored from a backup: run "
                f"{self.full_read}"
            )
        tables = reader.tables()
        for table in tables:
            former = self.known.names.get(table.entity.name, str(table.name))
            if self.mode != "full" and former != str(table.name):
                raise UserError(
                    f"{self.database.address}: table {table.shown} is {table.name} now, deliveries hold {former}: set "
                    f"the search_path back, or run {self.full_read} where the table was moved"
                )
        return tables

    @property
    def full_read(self) -> str:
        return command(self.zone.source.name, "--full")

    def lag(self) -> int | None:
        """Bytes of log after what the delivery holds; None where the run compares tables."""
        noted = self.known.slot
        if noted and self.mode == "cdc":
            return self.slot.lag(noted["confirmed"])
        if noted and (kept := Slot(self.database, noted["name"], noted["publication"]).kept()) is not None:
            self.notes.append(f"slot {noted['name']} keeps {kept:,} bytes of log until it is dropped or a run is --cdc")
        return None


def make_plan(zone: Zone, database: Database, mode: str, slot_name: str | None) -> Plan:
    """Uses the slot with the given name, else the one from earlier deliveries, else one named after the source."""
    newest = next(reversed(zone.deliveries()), None)
    known = load_known(zone, newest)
    notes = []
    if known is None:
        if newest and mode != "full":
            raise UserError(
                f"{zone.path}: what was known after delivery {newest.id} is not there: run "
                f"{command(zone.source.name, '--full')}, which reads every row again"
            )
        notes.append("what was known was not there: every row landed again")
        known = Known.of_nothing(zone)
    noted = known.slot or {}
    own = own_name(zone.source.name)
    slot = Slot(database, slot_name or noted.get("name", own), noted.get("publication", own))
    plan = Plan(zone, database, mode, newest, known, slot, every_row=mode == "full", notes=notes)
    if mode == "cdc":
        with SnapshotReader(database, zone.source) as reader:
            tables = plan.checked_tables(reader)
        _ready_slot(plan, tables)
    return plan


def own_name(source: str) -> str:
    """The name of the slot and of the publication of a source: several sources may share a server and a database."""
    return re.sub(r"[^a-z0-9_]", "_", f"duckhouse_{source}".lower())[:MOST_OF_A_NAME]


def _ready_slot(plan: Plan, tables: list[SourceTable]) -> None:
    """Makes sure of a readable slot. Where it does not continue from the last delivery, tables are compared."""
    slot, known = plan.slot, plan.known
    ours = known.slot if known.slot and known.slot["name"] == slot.name else None
    version = publish(plan.database, slot.publication, tables)
    is_published = ours is not None and ours.get("version") == version
    fault = slot.fault(ours["confirmed"] if ours else None, is_published=is_published)
    if fault is None and known.snapshot:
        plan.previous = Snapshot.parse(known.snapshot)
        return
    if ours is None and fault != NOT_THERE and not known.has_claimed(slot.name):
        raise UserError(
            f"{plan.database.address}: slot {slot.name} {fault}: name another one with --slot, or drop it: "
            f"select pg_drop_replication_slot('{slot.name}')"
        )
    if ours:
        plan.every_row = True
        plan.notes.append(f"slot {slot.name} {fault}: it was made anew, and every row compared")
    known.claim(slot.name)
    known.slot = {
        "name": slot.name, "confirmed": slot.create(), "publication": slot.publication, "version": version,
    }  # fmt: skip
