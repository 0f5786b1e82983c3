"""Writes a drop of the ad server and its redelivery, one chunk of a day at a time, so that memory does not grow."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.cli import progress
from tools.generators.ad_serving import catalogue as market
from tools.generators.ad_serving import dimensions, faults, formats, segments
from tools.generators.ad_serving.catalogue import IMPRESSION, Catalogue
from tools.generators.ad_serving.draw import stream
from tools.generators.ad_serving.events import CHUNK, DAY_MS, NONE, Events, Span, draw_chunk, epoch_ms
from tools.generators.ad_serving.faults import Planted
from tools.generators.ad_serving.formats import PARQUET_ERA, TEXT_ERAS, Era
from tools.generators.ad_serving.redelivery import DAYS, draw_redelivery
from tools.generators.ad_serving.segments import DOMAIN_KINDS, PRICE_KINDS, Segment, Struck
from tools.generators.ad_serving.truth import Log, Totals
from tools.generators.columns import concat, take
from tools.generators.draw import share
from tools.generators.write import Records, claimed, open_parquet, open_text, write_lines, write_truth

# shapes of the redelivered files, oldest day first
REDELIVERY_ERAS = (TEXT_ERAS[5], TEXT_ERAS[4], PARQUET_ERA)
MIN_EVENTS_FOR_LINES = 50
PARQUET_TEXT = ["event_type", "site_domain", "ad_unit_id", "device_type", "country_code", "region", "browser"]


@dataclass
class Run:
    """One run: its parameters and what it collects while writing."""

    out: Path
    seed: int
    events_per_day: int
    clean: bool
    catalogue: Catalogue
    eras: list[Era]
    segments: list[Segment]
    records: dict[str, Records] = field(default_factory=dict)
    faults: Log = field(default_factory=Log)
    changes: Log = field(default_factory=Log)
    spent: Counter[int] = field(default_factory=Counter)  # micro-dollars by campaign, without price faults
    inactive_days: Counter[int] = field(default_factory=Counter)  # events on the inactive ad unit by day since 1970

    @cached_property
    def due(self) -> dict[int, set[str]]:
        """The kinds that must be planted at least once, by the day of the run assigned to each."""
        by_day = defaultdict(set)
        for number, kind in enumerate(faults.ROW_RATES):
            days = [day for day in range(max(1, self.catalogue.days - 1)) if self.can_carry(kind, day)]
            if days:
                by_day[days[number % len(days)]].add(kind)
        return by_day

    def can_carry(self, kind: str, day: int) -> bool:
        """Whether the file of a day can have a kind of row fault; copies for the next file need a next file."""
        if kind == "duplicate_across_files" and day == self.catalogue.days - 1:
            return False
        return faults.can_carry(
            kind, parquet=self.eras[day] is PARQUET_ERA, lost_floor=self.segment("column_lost", day)
        )

    def segment(self, kind: str, day: int | None = None) -> Segment | None:
        return next((one for one in self.segments if one.kind == kind and one.day == day), None)

    def count_inactive(self, events: Events, sign: int = 1) -> None:
        """Counts the usable rows of the inactive ad unit."""
        inactive = self.segment("inactive_ad_unit")
        if inactive is None:
            return
        of_unit = events.usable & (events.ad_unit == inactive.ad_unit)
        unit_id = self.catalogue.ad_units[inactive.ad_unit].ad_unit_id
        for row, text in events.text.get("ad_unit_id", {}).items():
            of_unit[row] &= text.strip().lower() == unit_id
        for day, count in zip(*np.unique(events.at[of_unit] // DAY_MS, return_counts=True), strict=True):
            self.inactive_days[int(day)] += sign * int(count)

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
    with claimed(out):
        catalogue = market.build(start, days, events_per_day, seed)
        eras = formats.eras(days)
        # events that the redelivery moves by a day must not reach the segments of a day
        planned = [] if clean else segments.plan(catalogue, eras, events_per_day, seed, open_days=days - DAYS - 1)
        run = Run(out, seed, events_per_day, clean, catalogue, eras, planned)
        redelivered = len(run.redelivered_days) * events_per_day
        with progress(total=days * events_per_day + redelivered, label="events", unit="event") as bar:
            first_totals, revenue = _write_first_delivery(run, bar.update)
            final_totals = first_totals.copy()
            _write_redelivery(run, final_totals, bar.update)
        dimension_faults = None if clean else run.faults
        issue = dimensions.first_issue(catalogue)
        reissue = dimensions.second_issue(issue, catalogue, seed, run.changes)
        unreadable = {}
        if not clean:
            _log_inactive(run)
            issue.ad_units[run.segment("inactive_ad_unit").ad_unit][dimensions.IS_ACTIVE] = 0
            used = {segment.campaign for segment in planned}
            unreadable = dimensions.plant(issue, reissue, catalogue, seed, used, run.spent, run.faults)
        for dimension, prefix in ((issue, ""), (reissue, "redelivery/")):
            run.records |= dimensions.write_dimensions(
                dimension, out, prefix, catalogue, seed, dimension_faults, unreadable
            )
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
                planted, struck = _planted_chunk(run, day, chunk, span)
                files.write(planted, stream(run.seed, "files", day, chunk), held if chunk == 0 else None)
                _log_segments(run, files.name, struck)
                _add_spent(run, planted)
                for events in (planted.events, *planted.created.values()):
                    totals.add(events)
                    run.count_inactive(events)
                    _add_revenue(revenue, events, run.catalogue)
                later.append(planted.later)
                advance(len(planted.events))
        held = concat(later)
    return totals, revenue


def _write_redelivery(run: Run, totals: Totals, advance: Callable[[int], Any]) -> None:
    """Writes the second version of the last days and updates `totals` to those after it."""
    days = run.redelivered_days
    for day, era in zip(days, REDELIVERY_ERAS[-len(days) :], strict=True):
        with _day_files(run, "redelivery/", day, era) as files:
            for chunk, span in enumerate(run.chunks()):
                delivered, _ = _planted_chunk(run, day, chunk, span)
                drawn = draw_redelivery(
                    run.catalogue, run.segments, run.seed, day, chunk, span, delivered.events, delivered.untouched
                )
                planted = faults.nothing(drawn.events)
                rng = stream(run.seed, "redelivery_faults", day, chunk)
                if not run.clean:
                    rates = faults.REDELIVERY_RATES
                    due = frozenset(
                        kind
                        for number, kind in enumerate(rates)
                        if chunk == 0 and number % len(days) == day - days.start
                    )
                    faults.plant(planted, run.catalogue, rng, rates, due, drawn.repeated)
                files.write(planted, rng)
                _log_changes(run.changes, files.name, drawn.before, planted.events)
                replaced = take(drawn.before, np.flatnonzero(planted.events.usable[: drawn.repeated]))
                for events, sign in ((replaced, -1), (planted.events, 1)):
                    totals.add(events, sign)
                    run.count_inactive(events, sign)
                advance(len(delivered.events))


def _planted_chunk(run: Run, day: int, chunk: int, span: Span) -> tuple[Planted, list[Struck]]:
    """A chunk as first delivered, and what was done to its segments: the same on each call."""
    events = draw_chunk(run.catalogue, run.seed, day, chunk, span.last - span.first, span)
    events.dashed[:] = run.eras[day].dashed
    if run.clean:
        return faults.nothing(events), []
    events, struck = segments.shape(events, run.segments, day, span)
    planted = faults.nothing(events)
    rng = stream(run.seed, "faults", day, chunk)
    rates = {kind: rate for kind, rate in faults.ROW_RATES.items() if run.can_carry(kind, day)}
    due = frozenset(run.due[day] if chunk == 0 else ())
    faults.plant(planted, run.catalogue, rng, rates, due, len(events))
    for segment in run.segments:
        if segment.day == day:
            done = segments.plant(planted, segment, run.catalogue, span, stream(run.seed, "segments", day, chunk))
            struck += [done] if done else []
    return planted, struck


def _add_spent(run: Run, planted: Planted) -> None:
    """Adds what campaigns spent; amounts that price faults multiplied are left out."""
    rows = np.ones(len(planted.events), dtype=bool)
    rows[[row for kind in PRICE_KINDS for row in planted.rows.get(kind, ())]] = False
    own = [take(planted.events, np.flatnonzero(rows)), *planted.created.values()]
    for events in own:
        paying = events.usable & events.filled & (events.revenue > 0)
        for campaign in np.unique(events.campaign[paying]).tolist():
            run.spent[campaign] += int(events.revenue[paying & (events.campaign == campaign)].sum())


def _log_segments(run: Run, file: str, struck: list[Struck]) -> None:
    for done in struck:
        of_file = {"file": file} if done.segment.kind in segments.OF_A_FILE else {}
        place = of_file | done.segment.place(run.catalogue) | done.place
        run.faults.segment(done.segment.kind, place, done.ids, **done.amounts)


def _log_inactive(run: Run) -> None:
    """One segment per day on which the inactive ad unit has events in the end."""
    place = run.segment("inactive_ad_unit").place(run.catalogue)
    for day, events in sorted(run.inactive_days.items()):
        if events:
            run.faults.segment("inactive_ad_unit", {"day": str(np.datetime64(day, "D"))} | place, events=events)


def _add_revenue(revenue: np.ndarray, events: Events, catalogue: Catalogue) -> None:
    day = (events.at - epoch_ms(catalogue.start)) // DAY_MS
    publisher = events.publisher - market.FIRST_PUBLISHER_ID
    known = events.usable & (day >= 0) & (day < len(revenue)) & (publisher < revenue.shape[1])
    np.add.at(revenue, (day[known], publisher[known]), events.revenue[known])


def _log_changes(changes: Log, file: str, before: Events, after: Events) -> None:
    """Records what a redelivered file changes: rows of `after` beyond those of `before` are late events."""
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
    """The open events and diagnostics files of one day in one delivery; `lost_floor` is the fault of a file that has
    no floors."""

    run: Run
    prefix: str
    name: str
    era: Era
    events: Any
    records: Records
    diagnostics: pq.ParquetWriter
    diagnostics_records: Records
    lost_floor: Segment | None

    def write(self, planted: Planted, rng: np.random.Generator, held: Events | None = None) -> None:
        """Appends a chunk with its copies, what it created, and the events `held` back from the file before."""
        created = list(planted.created.values())
        beside = [planted.copies, *created, *([held] if held else [])]
        rows = concat([planted.events, *beside])
        if self.lost_floor:
            rows.floor[:] = NONE
        spoiled, blank = self._extra_lines(planted.events, rng)
        extra = spoiled + ["\n"] * blank
        chunk = len(planted.events)
        keys = np.append(np.arange(chunk), rng.integers(0, max(1, chunk), len(rows) - chunk + len(extra)))
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
        self._log(planted, held, rows, place)
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
        """Malformed lines, and the number of blank ones: none in a clean drop, a Parquet file or a tiny one."""
        if self.run.clean or self.era is PARQUET_ERA or len(events) < MIN_EVENTS_FOR_LINES:
            return [], 0
        malformed, blank = (
            share(rng, len(events), rate) or int(self.records.read == 0) for rate in faults.LINE_RATES.values()
        )
        source = take(events, np.flatnonzero(events.usable)[:malformed])
        lines = formats.json_lines(source, self.run.catalogue, self.era).to_pylist()
        return faults.malformed_lines(lines, int(rng.integers(0, 4))), blank

    def _log(self, planted: Planted, held: Events | None, rows: Events, place: np.ndarray) -> None:
        log = self.run.faults
        if self.lost_floor:
            bare = np.unique(rows.ids[rows.usable & rows.filled & (rows.kind == IMPRESSION)], axis=0)
            log.segment("column_lost", {"file": self.name} | self.lost_floor.place(self.run.catalogue), bare)
        if held:
            log.events("duplicate_across_files", self.name, held.ids)
        for kind, rows in planted.rows.items():
            if kind in ("duplicate_across_files", *PRICE_KINDS, *DOMAIN_KINDS):
                continue
            if kind == "missing_event_id":
                log.records(kind, self.name, place[rows])
            else:
                log.events(kind, self.name, planted.created.get(kind, take(planted.events, rows)).ids)
            if planted.moved.get(kind):
                log.detail(kind, "revenue_moved_usd", planted.moved[kind])
            for column, count in planted.columns.get(kind, {}).items():
                log.detail(kind, f"in_{column}", count)
        if not self.prefix:
            own = concat([planted.events, *planted.created.values()])
            followers = faults.followers_of_lost(own)
            if len(followers):
                log.events("follower_of_lost_impression", self.name, own.ids[followers])


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
        lost_floor = run.segment("column_lost", day)
        yield DayFiles(run, prefix, name, era, events, run.records[name], other, run.records[diagnostics], lost_floor)
