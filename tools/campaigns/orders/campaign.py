"""Deliveries and retractions arrive in random orders, split into random builds, and landing is pruned in between. After
the last build every mart, history and finding must equal that of one build of all deliveries, and be the same on both
engines.

A world is a few deliveries of one source, with their own order. Many worlds share a batch of builds and nothing else,
because a build costs nearly the same for one world as for fifty.
"""

import shutil
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from clickhouse_connect.driver.client import Client

from duckhouse import builds
from duckhouse.cli import UserError, progress
from duckhouse.clickhouse_sql import quote
from duckhouse.landing.zone import Zone, prepare
from duckhouse.processes import embedded_clickhouse
from duckhouse.reporting.formats import counted
from duckhouse.settings import environment
from duckhouse.sources import load_source
from duckhouse.warehouse.connection import connect
from duckhouse.warehouse.parity import compare_all, describe, published_in
from duckhouse.warehouse.push import push_source
from tools.campaigns.campaign import Campaign, Outcome, keep, kept
from tools.campaigns.orders.shelf import apart, drawn_builds, prune, published_rows, reveal, shelve, shown
from tools.campaigns.orders.worlds import MAKERS, is_retraction, land, taken_back

TARGETS = ("dev", "prod")
MOST_BUILDS = 3
PREFIX = "duckhouse"
EVERYTHING = ("--select", "*", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
SHOWN_OF_A_TABLE = 5


@dataclass
class Tally:
    """What a campaign did so far; `orders`, `deliveries` and `retractions` by source."""

    seed: int
    sources: list[str]
    batches: int = 0
    builds: int = 0
    tables: int = 0
    orders: Counter[str] = field(default_factory=Counter)
    deliveries: Counter[str] = field(default_factory=Counter)
    retractions: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Schedule:
    """The deliveries and retractions of a world, which of them arrive before each build, and after which builds landing
    is pruned.
    """

    zone: Zone
    deliveries: list[str]
    builds: list[list[int]]
    pruned_after: list[int]

    def arriving(self, build: int) -> list[str]:
        """What arrives before a build; pruned deliveries do not come back."""
        return [self.deliveries[place] for arriving in self.builds[build : build + 1] for place in arriving]

    def arrived(self, build: int) -> list[str]:
        """What has arrived up to a build."""
        return [delivery for earlier in range(build + 1) for delivery in self.arriving(earlier)]


class House:
    """A landing zone, a DuckDB file and an embedded ClickHouse in a folder; builds parse the project once."""

    def __init__(self, work: Path, sources: Sequence[str]) -> None:
        self.zones = [Zone(load_source(source)) for source in sources]
        self.landing, self.shelf, self.duckdb = work / "landing", work / "shelf", work / f"{PREFIX}.duckdb"
        self.client: Client = connect()
        self.empty()
        self._manifests = {target: builds.parse(target=target) for target in TARGETS}

    def empty(self) -> None:
        for folder in (self.landing, self.shelf):
            shutil.rmtree(folder, ignore_errors=True)
        self.shelf.mkdir(parents=True)
        self.duckdb.unlink(missing_ok=True)
        for (database,) in self.client.query("show databases").result_rows:
            if database.startswith(("raw_", f"{PREFIX}_")):
                self.client.command(f"drop database {quote(database)} sync")
        for source in MAKERS:
            prepare(load_source(source))

    def build(self, target: str) -> None:
        manifest = self._manifests[target]
        builds.invoke("build", *builds.WITHOUT_FILES, *EVERYTHING, target=target, manifest=manifest)

    def differences(self) -> list[str]:
        results = compare_all(published_in(self._manifests["dev"]))
        return [line for result in results if not result["equal"] for line in describe(result)]


def run(work: Path, options: Namespace) -> Outcome:
    """Draws worlds, batch by batch, until each engine has the given number of orders."""
    figures = _resumed(work, Tally(options.seed, sorted(options.sources)))
    if figures.orders.total() >= options.count:
        return _told(figures)
    work.mkdir(parents=True, exist_ok=True)
    with _house(work, figures.sources) as house, progress(total=options.count, label="orders") as bar:
        bar.update(figures.orders.total())
        while figures.orders.total() < options.count:
            missing = options.count - figures.orders.total()
            worlds = min(options.worlds, -(-missing // len(figures.sources)))
            _batch(house, figures, worlds)
            keep(work, vars(figures))
            bar.update(worlds * len(figures.sources))
    return _told(figures)


def _batch(house: House, figures: Tally, worlds: int) -> None:
    """Builds the given number of worlds of each source together."""
    draw = Random(f"{figures.seed} {figures.batches}")  # noqa: S311 (drawn to be the same again)
    house.empty()
    schedules = [schedule for zone in house.zones for schedule in _schedules(house, zone, worlds, draw)]
    for build in range(MOST_BUILDS):
        for schedule in schedules:
            reveal(schedule.zone, house.shelf, schedule.arriving(build))
        for source in MAKERS:
            push_source(house.client, source)
        for target in TARGETS:
            house.build(target)
        for zone in house.zones:
            pruned = [schedule for schedule in schedules if schedule.zone is zone and build in schedule.pruned_after]
            prune(house.client, zone, house.shelf, [each for schedule in pruned for each in schedule.arrived(build)])
    found = [f"dev and prod: {line}" for line in house.differences()]
    incremental = published_rows(house.duckdb)
    for schedule in schedules:
        reveal(schedule.zone, house.shelf, schedule.deliveries)
    house.duckdb.unlink()
    house.build("dev")
    at_once = published_rows(house.duckdb)
    for table in sorted(incremental.keys() | at_once.keys()):
        rows = list(apart(incremental.get(table, []), at_once.get(table, [])))
        found += [f"{table}, incremental and at once: {side} {shown(row)}" for side, row in rows[:SHOWN_OF_A_TABLE]]
    figures.differences += [f"batch {figures.batches}: {difference}" for difference in found]
    figures.batches += 1
    figures.builds += MOST_BUILDS
    figures.tables = len(at_once)
    for schedule in schedules:
        source, retractions = schedule.zone.source.name, sum(map(is_retraction, schedule.deliveries))
        figures.orders[source] += 1
        figures.deliveries[source] += len(schedule.deliveries) - retractions
        figures.retractions[source] += retractions


def _schedules(house: House, zone: Zone, worlds: int, draw: Random) -> Iterator[Schedule]:
    source = zone.source.name
    landed = land(source, [MAKERS[source](draw, world, draw.randint(2, 4)) for world in range(worlds)])
    for deliveries in taken_back(draw, zone, landed):
        for delivery in deliveries:
            shelve(zone, house.shelf, delivery)
        yield Schedule(zone, deliveries, *drawn_builds(draw, len(deliveries), MOST_BUILDS))


@contextmanager
def _house(work: Path, sources: Sequence[str]) -> Iterator[House]:
    with embedded_clickhouse("--port", "0", "--data", str(work / "clickhouse")):
        settings = {
            "CLICKHOUSE_HOST": "127.0.0.1",
            "CLICKHOUSE_USER": "default",
            "CLICKHOUSE_SECURE": "false",
            "CLICKHOUSE_PREFIX": PREFIX,
            "CLICKHOUSE_CLUSTER": "",
            "DUCKHOUSE_LANDING": str(work / "landing"),
            "DUCKHOUSE_DUCKDB": str(work / f"{PREFIX}.duckdb"),
            "DUCKHOUSE_PUBLISH": "false",
            "DBT_LOG_PATH": str(work / "logs"),
            "DBT_TARGET_PATH": str(work / "target"),
        }
        with environment(settings):
            yield House(work, sources)


def _resumed(work: Path, fresh: Tally) -> Tally:
    found: dict[str, Any] | None = kept(work)
    if found is None:
        return fresh
    if (found["seed"], found["sources"]) != (fresh.seed, fresh.sources):
        told = f"seed {found['seed']} over {', '.join(found['sources'])}"
        raise UserError(f"{work} has a campaign of {told}: name another folder")
    counters = {name: Counter(found[name]) for name in ("orders", "deliveries", "retractions")}
    return Tally(**{**found, **counters})


def _told(figures: Tally) -> Outcome:
    lines = [
        f"seed {figures.seed}: {figures.orders.total()} orders an engine, of {figures.deliveries.total()} deliveries "
        f"and {counted(figures.retractions.total(), 'retraction')}, in {figures.builds} builds an engine of "
        f"{figures.tables} tables and views",
        *(
            f"  {source}: {orders} orders of {figures.deliveries[source]} deliveries and "
            f"{counted(figures.retractions[source], 'retraction')}"
            for source, orders in sorted(figures.orders.items())
        ),
    ]
    return Outcome(lines, vars(figures), figures.differences)


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--worlds", type=int, default=20, help="worlds of each source in a batch (default: %(default)s)"
    )
    parser.add_argument("--sources", nargs="+", choices=sorted(MAKERS), default=sorted(MAKERS), help="default: all")


CAMPAIGN = Campaign(
    "drawn orders of deliveries and retractions, beside one build of all of them and beside the other engine",
    "orders an engine, over the sources",
    200,
    run,
    _arguments,
)
