"""Small worlds of deliveries: many of them built at once on both engines, and what the rules say they must give.

A world is a JSON document: its `deliveries`, the `builds` with the deliveries (by place) that arrive before each, and
the builds after which its landing is pruned. A delivery that `retracts` another names it by its place. Worlds share
builds and nothing else: each has ids and days of its own.
"""

import datetime as dt
import json
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from clickhouse_connect.driver.client import Client

from duckhouse.clickhouse_sql import quote
from duckhouse.landing.load import load
from duckhouse.landing.zone import Zone, prepare
from duckhouse.sources import load_source
from duckhouse.warehouse.connection import connect
from duckhouse.warehouse.push import push_source
from duckhouse.warehouse.retract import retract
from support.dbt import BuildError, environment
from support.drops import NO_TESTS
from support.landing import csv_text
from support.warehouse import Warehouse, warehouse
from tools.campaigns.orders.shelf import apart, prune, reveal, shelve, shown

World = dict[str, Any]

SOURCE = "ad_serving"
TARGETS = ("dev", "prod")
DAYS_OF_A_WORLD = 12
FIRST_DAY = dt.date(2026, 1, 1)
BEGINNING = dt.datetime(1900, 1, 1)
DIMENSIONS = {
    "publishers": ("publisher_id", "publisher_name", "timezone"),
    "campaigns": ("campaign_id", "budget_usd", "start_date", "end_date"),
    "ad_units": ("ad_unit_id", "publisher_id", "ad_format"),
}
IDS = {"event_id", "publisher_id", "campaign_id", "ad_unit_id"}
MOMENTS = {"at", "timestamp", "start_date", "end_date", "event_date", "reporting_date"}
TIME_ZONES = available_timezones()  # each call walks through their files
TAG = re.compile(r"w(\d+)-")


@dataclass(frozen=True)
class Delivered:
    """A delivery of a placed world, once it has landed."""

    id: str
    at: dt.datetime
    content: Mapping[str, Any]
    place: int
    """in its world"""


@dataclass(frozen=True)
class Rig:
    house: Warehouse
    client: Client

    @property
    def shelf(self) -> Path:
        return self.house.folder / "shelf"


def zone() -> Zone:
    return Zone(load_source(SOURCE))


@contextmanager
def rig() -> Iterator[Rig]:
    """A landing zone and both engines, at whose addresses this process works."""
    with warehouse() as house, environment(house.env):
        yield Rig(house, connect())


# ---------- building


def problems(rig: Rig, worlds: Sequence[World]) -> list[list[str]]:
    """For each world what it gives beside what it must. Where a build fails, the first world that fails it is found."""
    try:
        return _problems(rig, worlds)
    except BuildError as error:
        if len(worlds) == 1:
            return [[f"the build failed: {error}"]]
        together = [[f"the build failed with other worlds, and not without: {error}"] for _ in worlds]
    half = len(worlds) // 2
    first = problems(rig, worlds[:half])
    if any(first):
        return [*first, *([] for _ in worlds[half:])]
    second = problems(rig, worlds[half:])
    return [*first, *second] if any(second) else together


def _problems(rig: Rig, worlds: Sequence[World]) -> list[list[str]]:
    _empty(rig)
    placed = [place(world, number) for number, world in enumerate(worlds)]
    landed = [_land(rig, world) for world in placed]
    owners = {delivery.id: number for number, world in enumerate(landed) for delivery in world}
    found: list[list[str]] = [[] for _ in worlds]
    for build in range(max(len(world["builds"]) for world in worlds)):
        reveal(zone(), rig.shelf, [d.id for w, ds in zip(placed, landed, strict=True) for d in _arriving(w, ds, build)])
        push_source(rig.client, SOURCE)
        for target in TARGETS:
            _build(rig, target)
        for number, difference in _oracle_differences(rig.house, placed, landed, owners, build):
            found[number].append(f"after build {build}, dev and the rules: {difference}")
        for number, difference in _parity_differences(rig, owners):
            found[number].append(f"after build {build}: {difference}")
        pruned = [(w, ds) for w, ds in zip(placed, landed, strict=True) if build in w["pruned_after"]]
        prune(rig.client, zone(), rig.shelf, [d.id for w, ds in pruned for d in _arrived(w, ds, build)])

    incremental = rig.house.published()
    reveal(zone(), rig.shelf, owners)
    rig.house.duckdb.unlink()
    _build(rig, "dev")
    at_once = rig.house.published()
    assert incremental.keys() == at_once.keys()
    for table in incremental:
        for number, difference in _differences(incremental[table], at_once[table], owners):
            found[number].append(f"in the end, {table}, incremental and at once: {difference}")
    return found


def _build(rig: Rig, target: str) -> None:
    rig.house.dbt(target, "build", *NO_TESTS)


def _empty(rig: Rig) -> None:
    shutil.rmtree(rig.house.folder / "landing", ignore_errors=True)
    shutil.rmtree(rig.shelf, ignore_errors=True)
    rig.house.duckdb.unlink(missing_ok=True)
    for (database,) in rig.client.query("show databases").result_rows:
        if database.startswith(("raw_", f"{rig.house.prefix}_")):
            rig.client.command(f"drop database {quote(database)} sync")
    prepare(load_source(SOURCE))


def place(world: World, number: int) -> World:
    """The world with ids and days that no other number has."""
    later = dt.timedelta(days=DAYS_OF_A_WORLD * number)

    def placed(value: Any, key: str | None = None) -> Any:
        if isinstance(value, dict):
            return {name: placed(child, name) for name, child in value.items()}
        if isinstance(value, list):
            return [placed(child, key) for child in value]
        if key in IDS and value:
            return f"w{number}-{value}"
        return _later(value, later) if key in MOMENTS and value else value

    return placed(world)


def _later(text: str, time: dt.timedelta) -> str:
    try:
        if len(text) == len("2026-01-01"):
            return (dt.date.fromisoformat(text) + time).isoformat()
        return f"{(moment(text) + time).isoformat()}Z"
    except ValueError:
        return text


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text.removesuffix("Z"))


def _land(rig: Rig, world: World) -> list[Delivered]:
    """Lands the deliveries of a world and puts them on the shelf, from where they arrive."""
    landed: list[Delivered] = []
    for number, content in enumerate(world["deliveries"]):
        at = moment(content["at"])
        if "retracts" in content:
            landed.append(Delivered(_retract(rig, landed[content["retracts"]].id, at), at, content, number))
            continue
        drop = rig.house.folder / "drop"
        shutil.rmtree(drop, ignore_errors=True)
        _write(content, drop, number)
        [outcome] = load(
            load_source(SOURCE), [drop], delivered_at=at.replace(tzinfo=dt.UTC), redelivery=False, dry_run=False
        )
        assert outcome.delivery is not None and not (outcome.unknown or outcome.failed or outcome.known)
        landed.append(Delivered(outcome.delivery.id, at, content, number))
        shelve(zone(), rig.shelf, landed[-1].id)
    return landed


def _retract(rig: Rig, delivery: str, at: dt.datetime) -> str:
    """The id of a retraction, which goes to the shelf like what it retracts."""
    reveal(zone(), rig.shelf, [delivery])
    source, moment_of_it = load_source(SOURCE), at.replace(tzinfo=dt.UTC)
    outcome = retract(source, delivery, [], reason="wrong", delivered_at=moment_of_it, dry_run=False)
    assert outcome.delivery is not None
    for landed in (delivery, outcome.delivery.id):
        shelve(zone(), rig.shelf, landed)
    return outcome.delivery.id


def _write(content: Mapping[str, Any], drop: Path, number: int) -> None:
    """The files of a delivery. Blank lines at their ends make the bytes of each file its own: equal ones land once."""
    (drop / "events").mkdir(parents=True)
    for place, (name, records) in enumerate(sorted(content["events"].items())):
        lines = [json.dumps(record) + "\n" for record in records]
        (drop / "events" / f"{name}.jsonl").write_text("".join(lines) + "\n" * (number * 3 + place))
    for dimension, columns in DIMENSIONS.items():
        if dimension in content:
            rows = [[str(row.get(column) or "") for column in columns] for row in content[dimension]]
            (drop / f"{dimension}.csv").write_text(csv_text([list(columns), *rows]) + "\n" * number)


def _arriving(world: World, landed: Sequence[Delivered], build: int) -> list[Delivered]:
    return [landed[place] for place in world["builds"][build]] if build < len(world["builds"]) else []


def _arrived(world: World, landed: Sequence[Delivered], build: int) -> list[Delivered]:
    return [delivery for earlier in range(build + 1) for delivery in _arriving(world, landed, earlier)]


# ---------- comparing


def _world_of(values: Iterable[Any], owners: Mapping[str, int]) -> int:
    """Which world a row belongs to: by an id in it, else by its day."""
    values = list(values)
    for value in values:
        if isinstance(value, str) and value in owners:
            return owners[value]
        if isinstance(value, str) and (tag := TAG.match(value)):
            return int(tag[1])
    days = [value for value in values if isinstance(value, dt.date) and not isinstance(value, dt.datetime)]
    return (min(days) - FIRST_DAY).days // DAYS_OF_A_WORLD


def _differences(
    ours: Sequence[tuple], theirs: Sequence[tuple], owners: Mapping[str, int]
) -> Iterator[tuple[int, str]]:
    for side, row in apart(ours, theirs):
        yield _world_of(row, owners), f"{side} {shown(row)}"


def _parity_differences(rig: Rig, owners: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    for result in rig.house.differences():
        if "problem" in result:
            raise AssertionError(result["problem"])
        for difference in result["first_differences"]:
            number = _world_of(difference["key"].values(), owners)
            yield number, f"{result['model']} on dev and prod: {json.dumps(difference, default=str)}"


def _oracle_differences(
    house: Warehouse, worlds: Sequence[World], landed: Sequence[list[Delivered]], owners: Mapping[str, int], build: int
) -> Iterator[tuple[int, str]]:
    for table, (rule, query) in RULES.items():
        expected = [
            row
            for world, deliveries in zip(worlds, landed, strict=True)
            for row in rule(_arrived(world, deliveries, build))
        ]
        for number, difference in _differences(house.rows(query), expected, owners):
            yield number, f"{table}: {difference}"


# ---------- the rules


class Record(NamedTuple):
    event_id: str
    at: dt.datetime
    publisher_id: str | None
    amount: Decimal | None


class State(NamedTuple):
    """Where an event stands, and both readings of its revenue."""

    day: dt.date
    publisher_id: str | None
    known: Decimal
    as_delivered: Decimal
    delivery: str


def records_of(delivery: Delivered) -> list[Record]:
    """The records that can become events, the one that counts last."""
    found = []
    for _, records in sorted(delivery.content["events"].items()):
        for record in records:
            try:
                at = moment(record["timestamp"])
            except ValueError:
                continue
            if record["event_id"]:
                found.append(Record(record["event_id"], at, record["publisher_id"], amount(record["revenue_usd"])))
    return found


def amount(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None


def in_order(deliveries: Iterable[Delivered]) -> list[Delivered]:
    return sorted(deliveries, key=lambda delivery: delivery.id)


def counted(deliveries: Iterable[Delivered]) -> list[Delivered]:
    """In their order, the deliveries that bring records and are not retracted by one of these."""
    known = in_order(deliveries)
    gone = {delivery.content.get("retracts") for delivery in known}
    return [each for each in known if each.place not in gone and "retracts" not in each.content]


def events_now(deliveries: Sequence[Delivered]) -> list[tuple]:
    """Each event as its last record has it; a NULL keeps the amount before it."""
    latest: dict[str, Record] = {}
    known: dict[str, Decimal] = {}
    for delivery in counted(deliveries):
        for record in records_of(delivery):
            latest[record.event_id] = record
            if record.amount is not None:
                known[record.event_id] = record.amount
    time_zones = versions(deliveries, "publishers")
    return [
        (
            event_id,
            record.at.date(),
            local_day(record, time_zones),
            record.publisher_id,
            known.get(event_id, Decimal(0)),
            record.amount or Decimal(0),
        )
        for event_id, record in latest.items()
    ]


def local_day(record: Record, time_zones: Iterable[tuple]) -> dt.date:
    """The day in the time zone that the publisher had at that moment; UTC where none is known."""
    for publisher_id, _, name, valid_from, valid_to in time_zones:
        holds = valid_from <= record.at and (valid_to is None or record.at < valid_to)
        if publisher_id == record.publisher_id and holds and name in TIME_ZONES:
            return record.at.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(name)).date()
    return record.at.date()


def versions(deliveries: Iterable[Delivered], dimension: str) -> list[tuple]:
    """The rows of a dimension's history: key, attributes, from when and until when they held."""
    key, *attributes = DIMENSIONS[dimension]
    said: dict[str, dict[dt.datetime, tuple]] = defaultdict(dict)
    for delivery in counted(deliveries):
        for row in delivery.content.get(dimension, ()):
            said[row[key]][delivery.at] = tuple(typed(column, row.get(column)) for column in attributes)
    found = []
    for value, observations in said.items():
        begun: list[tuple[dt.datetime, tuple]] = []
        for at, seen in sorted(observations.items()):
            if not begun or begun[-1][1] != seen:
                begun.append((at if begun else BEGINNING, seen))
        ends = [*(at for at, _ in begun[1:]), None]
        found += [(value, *seen, at, end) for (at, seen), end in zip(begun, ends, strict=True)]
    return found


def typed(column: str, value: Any) -> Any:
    if not value:
        return None
    if column in MOMENTS:
        return dt.date.fromisoformat(value)
    return Decimal(str(value)) if column == "budget_usd" else value


def restatements(deliveries: Iterable[Delivered]) -> list[tuple]:
    """What each delivery did to the days and publishers that it touched after their first publication."""
    found = []
    published: set[dt.date] = set()
    earlier: list[Delivered] = []
    for delivery in in_order(deliveries):
        before = states_of(counted(earlier))
        retracted = [each for each in earlier if each.place == delivery.content.get("retracts")]
        earlier.append(delivery)
        after = states_of(counted(earlier))
        events = {record.event_id for each in (delivery, *retracted) for record in records_of(each)}
        touched = {(record.at.date(), record.publisher_id) for record in records_of(delivery)}
        touched |= {_spot(states[event]) for states in (before, after) for event in events if event in states}
        over = {spot for spot in touched if delivery.at >= _midnight_after(spot[0])}
        for spot in over:
            if spot[0] in published:
                taken = {event for event, state in before.items() if state.delivery in {each.id for each in retracted}}
                moves = _taken_back(before, after, spot, taken) if retracted else _movements(before, after, spot)
                found.append((delivery.id, *spot, *moves, *_revenue(before, after, spot)))
        published |= {day for day, _ in over}
    return found


def states_of(deliveries: Iterable[Delivered]) -> dict[str, State]:
    """Where each event stands after these deliveries."""
    states: dict[str, State] = {}
    for delivery in deliveries:
        for record in records_of(delivery):
            known = states[record.event_id].known if record.event_id in states else Decimal(0)
            if record.amount is not None:
                known = record.amount
            as_delivered = record.amount or Decimal(0)
            states[record.event_id] = State(record.at.date(), record.publisher_id, known, as_delivered, delivery.id)
    return states


def _spot(state: State) -> tuple[dt.date, str | None]:
    return state.day, state.publisher_id


def _midnight_after(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time())


def _movements(before: Mapping[str, State], after: Mapping[str, State], spot: tuple) -> tuple[int, ...]:
    """Events of the spot that are late, that moved in, that moved out; none is retracted or restored."""
    here = {event_id for event_id, state in after.items() if _spot(state) == spot}
    were_here = {event_id for event_id, state in before.items() if _spot(state) == spot}
    return len(here - before.keys()), len((here & before.keys()) - were_here), len(were_here - here), 0, 0


def _taken_back(
    before: Mapping[str, State], after: Mapping[str, State], spot: tuple, taken: Collection[str]
) -> tuple[int, ...]:
    """The same of a retraction: of the events that stood as the retracted delivery had them, those that stood on the
    spot, and those that stand there again."""
    restored = [event for event in taken if event in after and _spot(after[event]) == spot]
    return 0, 0, 0, sum(_spot(before[event]) == spot for event in taken), len(restored)


def _revenue(before: Mapping[str, State], after: Mapping[str, State], spot: tuple) -> Iterator[Decimal]:
    for reading in ("known", "as_delivered"):
        earlier, now = (
            sum((getattr(state, reading) for state in states.values() if _spot(state) == spot), Decimal(0))
            for states in (before, after)
        )
        yield from (earlier, now, now - earlier)


# What a rule gives, and the query for the same columns of the mart.
RULES: Mapping[str, tuple[Callable[[Sequence[Delivered]], list[tuple]], str]] = {
    "fct_ad_events": (
        events_now,
        "select event_id, event_date, reporting_date, publisher_id, revenue_usd, revenue_usd_as_delivered "
        "from marts.fct_ad_events",
    ),
    "fct_revenue_restatements": (
        restatements,
        "select _delivery_id, event_date, publisher_id, events_late, events_moved_in, events_moved_out, "
        "events_retracted, events_restored, "
        "revenue_usd_before, revenue_usd_after, revenue_usd_difference, revenue_usd_as_delivered_before, "
        "revenue_usd_as_delivered_after, revenue_usd_as_delivered_difference from marts.fct_revenue_restatements",
    ),
    **{
        f"dim_{dimension}_history": (
            partial(versions, dimension=dimension),
            f"select {', '.join(columns)}, valid_from, valid_to from marts.dim_{dimension}_history",
        )
        for dimension, columns in DIMENSIONS.items()
    },
}


def disorder(world: World) -> set[str]:
    """The marts that would show it, if deliveries counted in the order of their arrival."""
    contents = world["deliveries"]
    moments = sorted(moment(content["at"]) for content in contents)
    orders = (
        sorted(range(len(contents)), key=lambda place: contents[place]["at"]),
        [place for arriving in world["builds"] for place in arriving],
    )
    by_time, by_arrival = (
        [
            Delivered(str(n), at, contents[place], place)
            for n, (at, place) in enumerate(zip(moments, order, strict=True))
        ]
        for order in orders
    )
    return {table for table, (rule, _) in RULES.items() if set(rule(by_time)) != set(rule(by_arrival))}


# ---------- shrinking


def shrink(fails: Callable[[Sequence[World]], list[bool]], world: World, runs: int, worlds_a_run: int = 40) -> World:
    """A smaller world that still fails. A run tries many at once, because a build costs nearly the same for all."""
    random = Random(0)
    for _ in range(runs):
        parts = list(parts_of(world))
        tried = [without(world, {part}) for part in random.sample(parts, min(len(parts), worlds_a_run // 2))]
        while parts and len(tried) < worlds_a_run:
            share = random.choice((0.15, 0.3, 0.5, 0.7, 0.9))
            tried.append(without(world, {part for part in parts if random.random() < share}))
        tried = sorted((smaller for smaller in tried if smaller["deliveries"]), key=size_of)
        failing = [smaller for smaller, failed in zip(tried, fails(tried), strict=True) if failed] if tried else []
        if not failing:
            return world
        world = failing[0]
    return world


def size_of(world: World) -> int:
    return len(json.dumps(world))


Part = tuple[str | int, ...]


def parts_of(world: World) -> Iterator[Part]:
    """What can be left out: deliveries, their files, records and rows, breaks between builds, prunings."""
    for number, delivery in enumerate(world["deliveries"]):
        yield ("delivery", number)
        for name, records in delivery["events"].items():
            yield ("events", number, name)
            yield from (("events", number, name, place) for place in range(len(records)))
        for dimension in DIMENSIONS.keys() & delivery.keys():
            yield (dimension, number)
            yield from ((dimension, number, place) for place in range(len(delivery[dimension])))
    yield from (("break", build) for build, _ in pairwise(range(len(world["builds"]))))
    yield from (("pruned", build) for build in world["pruned_after"])


def without(world: World, gone: Collection[Part]) -> World:
    def kept(rows: Sequence[Any], *where: str | int) -> list[Any]:
        return [row for place, row in enumerate(rows) if (*where, place) not in gone]

    stays = [number for number in range(len(world["deliveries"])) if ("delivery", number) not in gone]
    stays = [number for number in stays if world["deliveries"][number].get("retracts", number) in stays]
    deliveries = []
    for number in stays:
        delivery = world["deliveries"][number]
        if "retracts" in delivery:
            deliveries.append({**delivery, "retracts": stays.index(delivery["retracts"])})
            continue
        events = {
            name: kept(records, "events", number, name)
            for name, records in delivery["events"].items()
            if ("events", number, name) not in gone
        }
        rows = {
            dimension: kept(delivery[dimension], dimension, number)
            for dimension in DIMENSIONS
            if dimension in delivery and (dimension, number) not in gone
        }
        deliveries.append({"at": delivery["at"], "events": events if events or rows else {"a": []}, **rows})

    builds: list[list[int]] = []
    pruned = []
    joins = False
    for build, arriving in enumerate(world["builds"]):
        group = [stays.index(number) for number in arriving if number in stays]
        if joins:
            builds[-1] += group
        else:
            builds.append(group)
        joins = ("break", build) in gone
        if build in world["pruned_after"] and ("pruned", build) not in gone and not joins:
            pruned.append(len(builds) - 1)
    return {**world, "deliveries": deliveries, "builds": builds, "pruned_after": pruned}
