"""Writes a drop of the ad server and its redelivery, a chunk of a day at a time, so that memory does not grow."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scripts.common.cli import progress
from scripts.generators.ad_serving import catalogue as market
from scripts.generators.ad_serving import dimensions, faults, formats
from scripts.generators.ad_serving.catalogue import Catalogue
from scripts.generators.ad_serving.draw import stream
from scripts.generators.ad_serving.events import CHUNK, DAY_MS, Events, Span, draw_chunk, epoch_ms
from scripts.generators.ad_serving.faults import Planted
from scripts.generators.ad_serving.formats import PARQUET_ERA, TEXT_ERAS, Era
from scripts.generators.ad_serving.redelivery import DAYS, draw_redelivery
from scripts.generators.ad_serving.truth import Log, Totals
from scripts.generators.columns import concat, take
from scripts.generators.draw import share
from scripts.generators.write import Records, claim, open_parquet, open_text, write_lines, write_truth

# shapes of the redelivered files, oldest day first
REDELIVERY_ERAS = (TEXT_ERAS[5], TEXT_ERAS[4], PARQUET_ERA)
MIN_EVENTS_FOR_LINES = 50
PARQUET_TEXT = ["event_type", "site_domain", "ad_unit_id", "device_type", "country_code", "region", "browser"]


@dataclass
class Run:
    """One run: its parameters and what is learnt while writing."""

    out: Path
    seed: int
    events_per_day: int
    clean: bool
    catalogue: Catalogue
    eras: list[Era]
    records: dict[str, Records] = field(default_factory=dict)
    faults: Log = field(default_factory=Log)
    changes: Log = field(default_factory=Log)

    @property
    def redelivered_days(self) -> range:
        return range(max(0, self.catalogue.days - DAYS), self.catalogue.days)

    def date(self, day: int) -> date:
        return self.catalogue.start + timedelta(days=day)

    def chunks(self) -> list[Span]:
        rows = self.events_per_day
        return [Span(first, min(first + CHUNK, rows), rows) for first in range(0, rows, CHUNK)]


def generate(out: Path, *, days: int, events_per_day: int, seed: int, start: date, clean: bool) -> dict[str, Any]:
    """Writes the drop into the folder `out`, which must be new or empty, and returns truth.json's content.

    Raises UserError when the folder holds something or cannot be written.
    """
    claim(out)
    catalogue = market.build(start, days, events_per_day, seed)
    run = Run(out, seed, events_per_day, clean, catalogue, formats.eras(days))
    redelivered = len(run.redelivered_days) * events_per_day
    with progress(total=days * events_per_day + redelivered, label="events", unit="event") as bar:
        first_totals, revenue = _write_first_delivery(run, bar.update)
        final_totals = first_totals.copy()
        _write_redelivery(run, final_totals, bar.update)
    dimension_faults = None if clean else run.faults
    issue = dimensions.first_issue(catalogue)
    reissue = dimensions.second_issue(issue, catalogue, seed, run.changes)
    run.records |= dimensions.write_dimensions(issue, out, "", catalogue, seed, dimension_faults)
    run.records |= dimensions.write_dimensions(reissue, out, "redelivery/", catalogue, seed, dimension_faults)
    run.records |= dimensions.write_partner(out, catalogue, seed, revenue, dimension_faults)
    truth = {
        "source": "ad_serving",
        "seed": seed,
        "parameters": {"days": days, "events_per_day": events_per_day, "start": str(start)},
        "clean": clean,
        "totals": {
            "records": {name: asdict(records) for name, records in sorted(run.records.items())},
            "after_first_delivery": first_totals.report(),
            "after_redelivery": final_totals.report(),
        },
        "faults": run.faults.report(),
        "changes": run.changes.report(),
    }
    write_truth(out, truth)
    return truth


def _write_first_delivery(run: Run, advance: Callable[[int], Any]) -> tuple[Totals, np.ndarray]:
    """Writes events and diagnostics of all days; returns the totals and the revenue by day and publisher."""
    totals = Totals()
    revenue = np.zeros((run.catalogue.days, len(market.PUBLISHERS)), dtype=np.int64)
    held: Events | None = None
    for day in range(run.catalogue.days):
        later = []
        with _day_files(run, "", day, run.eras[day]) as files:
            for chunk, span in enumerate(run.chunks()):
                planted = _planted_chunk(run, day, chunk, span)
                files.write(planted, stream(run.seed, "files", day, chunk), held if chunk == 0 else None)
                for events in (planted.events, *planted.created.values()):
                    totals.add(events)
                    _add_revenue(revenue, events, run.catalogue)
                later.append(planted.later)
                advance(len(planted.events))
        held = concat(later)
    return totals, revenue


def _write_redelivery(run: Run, totals: Totals, advance: Callable[[int], Any]) -> None:
    """Writes the second version of the last days and turns `totals` into those after it."""
    days = run.redelivered_days
    for day, era in zip(days, REDELIVERY_ERAS[-len(days) :], strict=True):
        with _day_files(run, "redelivery/", day, era) as files:
            for chunk, span in enumerate(run.chunks()):
                delivered = _planted_chunk(run, day, chunk, span)
                drawn = draw_redelivery(
                    run.catalogue, run.seed, day, chunk, span, delivered.events, delivered.untouched
                )
                planted = faults.nothing(drawn.events)
                rng = stream(run.seed, "redelivery_faults", day, chunk)
                if not run.clean:
                    rates = faults.REDELIVERY_RATES
                    due = _due(tuple(rates), day - days.start, len(days), chunk)
                    faults.plant(planted, run.catalogue, rng, rates, due, drawn.repeated)
                files.write(planted, rng)
                _log_changes(run.changes, files.name, drawn.before, planted.events)
                replaced = take(drawn.before, np.flatnonzero(planted.events.usable[: drawn.repeated]))
                totals.add(replaced, sign=-1)
                totals.add(planted.events)
                advance(len(delivered.events))


def _planted_chunk(run: Run, day: int, chunk: int, span: Span) -> Planted:
    """A chunk as first delivered: the same each time it is asked for."""
    events = draw_chunk(run.catalogue, run.seed, day, chunk, span.last - span.first, span)
    events.dashed[:] = run.eras[day].dashed
    planted = faults.nothing(events)
    if run.clean:
        return planted
    rng = stream(run.seed, "faults", day, chunk)
    days = max(1, run.catalogue.days - 1)
    rates = faults.ROW_RATES
    if day == run.catalogue.days - 1:
        rates = {kind: rate for kind, rate in rates.items() if kind != "duplicate_across_files"}
    due = _due(tuple(faults.ROW_RATES), day, days, chunk)
    faults.plant(planted, run.catalogue, rng, rates, due & frozenset(rates), len(events))
    if len(events) >= faults.DAY_FAULT_EVENTS:
        for kind in sorted(_due(faults.DAY_FAULTS, day, days, chunk)):
            faults.plant_day_fault(planted, kind, rng)
    return planted


def _due(kinds: tuple[str, ...], day: int, days: int, chunk: int) -> frozenset[str]:
    """The kinds whose turn it is to be planted at least once: each has one day of the run."""
    return frozenset(kind for number, kind in enumerate(kinds) if chunk == 0 and number % days == day)


def _add_revenue(revenue: np.ndarray, events: Events, catalogue: Catalogue) -> None:
    day = (events.at - epoch_ms(catalogue.start)) // DAY_MS
    publisher = events.publisher - market.FIRST_PUBLISHER_ID
    known = events.usable & (day >= 0) & (day < len(revenue)) & (publisher < revenue.shape[1])
    np.add.at(revenue, (day[known], publisher[known]), events.revenue[known])


def _log_changes(changes: Log, file: str, before: Events, after: Events) -> None:
    """Notes what a redelivered file changes: rows of `after` beyond those of `before` are late events."""
    repeated = len(before)
    usable = after.usable[:repeated]
    revenue, known = before.revenue, after.revenue[:repeated]
    unsettled = after.unsettled[:repeated]
    for kind, rows in (
        ("revenue_corrected", np.flatnonzero(usable & (revenue != known))),
        ("revenue_set_null", np.flatnonzero(usable & unsettled)),
    ):
        if len(rows):
            changes.events(kind, file, after.ids[rows])
            changes.detail(kind, "revenue_before_usd", int(revenue[rows].sum()))
            delivered = known[rows] * ~unsettled[rows]
            changes.detail(kind, "revenue_after_usd", int(delivered.sum()))
    late = after.ids[repeated:]
    if len(late):
        changes.events("late_event", file, late)
        changes.detail("late_event", "revenue_usd", int(after.revenue[repeated:].sum()))


@dataclass
class DayFiles:
    """The open events and diagnostics files of one day in one delivery."""

    run: Run
    name: str
    era: Era
    events: Any
    records: Records
    diagnostics: pq.ParquetWriter
    diagnostics_records: Records

    def write(self, planted: Planted, rng: np.random.Generator, held: Events | None = None) -> None:
        """Appends a chunk with its copies, what it created, and the events `held` back from the file before."""
        created = list(planted.created.values())
        beside = [planted.copies, *created, *([held] if held else [])]
        rows = concat([planted.events, *beside])
        spoiled, blank = self._extra_lines(planted.events, rng)
        extra = spoiled + ["\n"] * blank
        chunk = len(planted.events)
        keys = np.append(np.arange(chunk), rng.integers(0, chunk, len(rows) - chunk + len(extra)))
        order = np.argsort(keys, kind="stable")
        if self.era is PARQUET_ERA:
            self.events.write_table(formats.parquet_table(rows, self.run.catalogue).take(order))
        else:
            lines = formats.json_lines(rows, self.run.catalogue, self.era)
            if len(order) > chunk:
                lines = pa.concat_arrays([lines, pa.array(extra, pa.string())]).take(pa.array(order))
            write_lines(self.events, lines)

        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(self.records.read + 1, self.records.read + len(order) + 1)
        self._log(planted, held, place)
        for kind, numbers in (
            ("malformed_line", place[len(rows) : len(rows) + len(spoiled)]),
            ("blank_line", place[len(rows) + len(spoiled) :]),
        ):
            if len(numbers):
                self.run.faults.records(kind, self.name, numbers)
        self.records.read += len(order)
        self.records.malformed += len(spoiled)
        self.records.blank += blank

        own = concat([planted.events, *created])
        identities = formats.diagnostics_table(take(own, np.flatnonzero(own.usable)))
        self.diagnostics.write_table(identities)
        self.diagnostics_records.read += len(identities)

    def _extra_lines(self, events: Events, rng: np.random.Generator) -> tuple[list[str], int]:
        """Malformed lines, and how many blank ones: none in a clean drop, a Parquet file or a tiny one."""
        if self.run.clean or self.era is PARQUET_ERA or len(events) < MIN_EVENTS_FOR_LINES:
            return [], 0
        malformed, blank = (
            share(rng, len(events), rate) or int(self.records.read == 0) for rate in faults.LINE_RATES.values()
        )
        source = take(events, np.flatnonzero(events.usable)[:malformed])
        lines = formats.json_lines(source, self.run.catalogue, self.era).to_pylist()
        return faults.malformed_lines(lines, int(rng.integers(0, 4))), blank

    def _log(self, planted: Planted, held: Events | None, place: np.ndarray) -> None:
        log = self.run.faults
        if held:
            log.events("duplicate_across_files", self.name, held.ids)
        for kind, rows in planted.rows.items():
            if kind == "duplicate_across_files":
                continue
            if kind == "missing_event_id":
                log.records(kind, self.name, place[rows])
            else:
                log.events(kind, self.name, planted.created.get(kind, take(planted.events, rows)).ids)
            if planted.moved.get(kind):
                log.detail(kind, "revenue_moved_usd", planted.moved[kind])
            for column, count in planted.columns.get(kind, {}).items():
                log.detail(kind, f"in_{column}", count)


@contextmanager
def _day_files(run: Run, prefix: str, day: int, era: Era) -> Iterator[DayFiles]:
    name = f"{prefix}events/{run.date(day)}{era.suffix}"
    diagnostics = f"{prefix}diagnostics/{run.date(day)}.parquet"
    opened = (
        open_parquet(run.out / name, formats.PARQUET_SCHEMA, PARQUET_TEXT)
        if era is PARQUET_ERA
        else open_text(run.out / name)
    )
    with opened as events, open_parquet(run.out / diagnostics, formats.DIAGNOSTICS_SCHEMA, ["user_agent"]) as other:
        run.records[name], run.records[diagnostics] = Records(), Records()
        yield DayFiles(run, name, era, events, run.records[name], other, run.records[diagnostics])
