"""A migration of history: days of the lake into the store, as messages or as hourly means, each day verified.

A day is done when both sides have the same rows and checksums for each device. Differences are reported, not fixed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pyarrow as pa

from duckhouse.cli import UserError, progress
from duckhouse.extraction.database import Database, database_of, first_line
from duckhouse.failures import note
from duckhouse.settings import keep_days
from duckhouse.sources import Entity, Source
from duckhouse.streaming.history import store_day
from duckhouse.streaming.history.lake_day import PLACES, DaySums, LakeDay, hourly, lake_day
from duckhouse.streaming.history.store_day import HOURLY, ONE_VIEW, READINGS
from duckhouse.streaming.lake.catalog import faults
from duckhouse.streaming.lake.iceberg import Lake, open_lake
from duckhouse.streaming.lake.status import tables
from duckhouse.streaming.rows import schema
from duckhouse.streaming.store.timeseries import TimeSeriesStore, open_store

COMMAND = "migrate"
TRIES = 3
"""How often a day is started again where the lake has grown meanwhile."""
MOST_TOLD = 20
"""Devices of a day that are reported by name; the others are counted."""
_MISSING = (
    f"disk.messages semi join disk.differing using (device_id) anti join disk.store_items using (device_id, {PLACES})"
)
_OTHER_MESSAGES = f"""
    select s.device_id, count(*) || ' messages of the store are newer than the lake, or say something else there'
    from disk.store_items as s left join disk.items as l using (device_id, {PLACES})
    where l.hash is distinct from s.hash group by s.device_id
"""
_CHANGED_HOURS = "disk.hours anti join disk.store_items using (device_id, hour, hash)"
_OTHER_HOURS = """
    select s.device_id, count(*) || ' hours of the store are of more messages than the lake has, or have other values'
    from disk.store_items as s left join disk.hours as l using (device_id, hour)
    where l.messages is null or s.messages > l.messages or (s.messages = l.messages and s.hash <> l.hash)
    group by s.device_id
"""
_OTHER_SUMS = """
    select device_id, case when (lake_rows, lake_readings) = (store_rows, store_readings)
        then 'counts are the same, values are not'
        else format('the lake has {} rows with {} readings, the store {} with {}',
            lake_rows, lake_readings, store_rows, store_readings) end
    from disk.differing
"""


@dataclass
class Migrated:
    """What a migration did: days verified, rows written, and what does not agree."""

    form: str
    days: int = 0
    unchanged: int = 0
    """Those of these days for which there was nothing to write."""
    rows: int = 0
    """The number of messages, or of hours, that the lake has for these days."""
    written: int = 0
    differences: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        return dict(vars(self))

    def describe(self) -> Iterator[str]:
        things = "messages" if self.form == READINGS else "hours"
        yield f"{self.days:,} days are the same in lake and store, device by device: {self.rows:,} {things}"
        yield f"  {self.written:,} {things} were written" if self.written else "  nothing was to be written"
        yield from (f"  {line}" for line in self.differences)


class _Differs(Exception):
    """Lake and store do not agree: the differences by device, and how many devices there are."""

    def __init__(self, told: list[tuple[str, str]], devices: int) -> None:
        super().__init__()
        self.told = told
        self.devices = devices


def migrate_history(source: Source, entity: Entity, first: date, end: date, *, by_hour: bool) -> Migrated:
    """Copies the days from `first` to before `end` (UTC) to the store.

    Raises UserError where lake or store is not available, or where the store would drop these days again.
    """
    list(tables([source.name]))  # a missing lake is not created
    with open_lake(source, entity) as lake, database_of(source) as database, _faults(database):
        if not by_hour:
            _refuse_dropped(database, first)
        with open_store(source, entity) as store, database.connect(autocommit=True) as connection:
            store_day.prepare(connection, entity)
            migration = _Migration(source, lake, store, connection, Migrated(HOURLY if by_hour else READINGS))
            days = [first + timedelta(days=n) for n in range((end - first).days)]
            for day in progress(days, label="history", unit="day"):
                migration.bring(day)
            return migration.done


@dataclass
class _Migration:
    source: Source
    lake: Lake
    store: TimeSeriesStore
    connection: psycopg.Connection
    done: Migrated

    def bring(self, day: date) -> None:
        """Copies a day; where it does not agree and the lake has grown meanwhile, tries again with the new lake."""
        snapshot = self._newest()
        for _ in range(TRIES):
            try:
                with faults(self.lake.place):
                    return self._bring(day, snapshot)
            except _Differs as differs:
                before, snapshot, last = snapshot, self._newest(), differs
            if snapshot == before:
                break
        self._tell(day, last)

    def _newest(self) -> int:
        with faults(self.lake.place):
            snapshot = self.lake.table.refresh().current_snapshot()
            return snapshot.snapshot_id if snapshot else 0

    def _bring(self, day: date, snapshot: int) -> None:
        if sums := self._verified_before(day, snapshot):
            self._count(sums, 0)
            return
        with lake_day(self.lake.table, self.lake.entity, day) as lake:
            written = self._bring_messages(lake, day) if self.done.form == READINGS else 0
            with self.connection.transaction():
                if self.done.form == HOURLY:
                    written = self._bring_hours(lake, day)
                else:
                    self.connection.execute(ONE_VIEW)
                sums = self._noted(lake, day, snapshot)
        self._count(sums, written)

    def _verified_before(self, day: date, snapshot: int) -> DaySums | None:
        """What the store has, where that is exactly what was verified against this snapshot before."""
        before = store_day.noted(self.connection, self.done.form, day, snapshot)
        is_there = before and before == store_day.totals(self.connection, self.lake.entity, self.done.form, day)
        return before if is_there else None

    def _bring_messages(self, lake: LakeDay, day: date) -> int:
        """Adds messages that the store lacks, as the consumer does."""
        lake.sum_messages()
        with self.connection.transaction():
            self.connection.execute(ONE_VIEW)
            store_day.bring_sums(self.connection, lake, READINGS, day)
            if not _count_of(lake, "differing"):
                return 0
            store_day.bring_messages(self.connection, lake, day)
        _refuse(lake, _OTHER_MESSAGES)
        written = 0
        for count, piece in enumerate(lake.pieces(_MISSING, schema(lake.entity), PLACES), start=1):
            self.store.add(piece)
            store_day.help_planner(self.connection, day, count)
            written += len(piece)
        return written

    def _bring_hours(self, lake: LakeDay, day: date) -> int:
        """Writes hours that are new, or that have more messages than before."""
        lake.sum_hours()
        self.connection.execute("lock table readings_hourly in share row exclusive mode")
        store_day.bring_hours(self.connection, lake, day)
        _refuse(lake, _OTHER_HOURS)
        pieces = lake.pieces(_CHANGED_HOURS, pa.schema(hourly(lake.entity)), "device_id, hour")
        return store_day.write_hours(self.connection, lake.entity, pieces)

    def _noted(self, lake: LakeDay, day: date, snapshot: int) -> DaySums:
        """Compares both sides, and records that they agree."""
        store_day.bring_sums(self.connection, lake, self.done.form, day)
        _refuse(lake, _OTHER_SUMS)
        sums = lake.totals()
        store_day.note(self.connection, self.done.form, day, snapshot, sums)
        return sums

    def _count(self, sums: DaySums, written: int) -> None:
        self.done.days += 1
        self.done.unchanged += not written
        self.done.rows += sums.rows
        self.done.written += written

    def _tell(self, day: date, differs: _Differs) -> None:
        for device, words in differs.told:
            self.done.differences.append(f"{day} {device}: {words}")
            note(COMMAND, self.source.name, f"{day} {device}", words)
        if more := differs.devices - len(differs.told):
            self.done.differences.append(f"{day}: {more:,} more devices do not agree")
            note(COMMAND, self.source.name, f"{day}", "more devices do not agree", more)


def _refuse(lake: LakeDay, query: str) -> None:
    """Raises _Differs where the query finds devices, with a text for each."""
    told = f"select *, count(*) over () from ({query}) order by device_id limit {MOST_TOLD}"
    if found := lake.duck.execute(told).fetchall():
        raise _Differs([(device, words) for device, words, _ in found], found[0][2])


def _count_of(lake: LakeDay, table: str) -> int:
    [(count,)] = lake.duck.execute(f"select count(*) from disk.{table}").fetchall()
    return int(count)


def _refuse_dropped(database: Database, first: date) -> None:
    days = keep_days(database.prefix)
    if days is not None and first < (kept := datetime.now(UTC).date() - timedelta(days=days)):
        raise UserError(
            f"{database.prefix}_KEEP_DAYS={days}: the store would drop days before {kept} again: begin there, or keep "
            "more days"
        )


@contextmanager
def _faults(database: Database) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise UserError(f"store at {database.address}: {first_line(error)}; run again") from None
