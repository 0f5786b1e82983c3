"""What was reported for a day after each delivery, and what changed it: one story of deliveries, built after each."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import clickhouse_connect
import pytest

from support.drops import build, deliver, event, keep
from support.warehouse import Warehouse

Row = tuple[Any, ...]
Record = dict[str, Any]

MEASURES = (
    "impressions",
    "filled_impressions",
    "clicks",
    "viewable_impressions",
    "revenue_usd",
    "revenue_usd_as_delivered",
    "revenue_usd_invalid_records",
)
NOTHING = (0, 0, 0, 0, Decimal(0), Decimal(0), Decimal(0))


def record(event_id: str, day: int, publisher: str | None, revenue: float | None, **fields: Any) -> Record:
    return event(event_id, f"2026-01-{day:02}T10:00:00Z", revenue, publisher_id=publisher, **fields)


SET_ASIDE = record("", 1, "late", 9)

# the last microsecond of 5 January, and the first of the day after it
EVE = {
    "a": [
        record("l1", 1, "late", 1),
        record("l3", 3, "late", 0.01),
        record("c1", 1, "changed", 1),
        record("c2", 1, "changed", 0.1),
        record("n1", 1, "settle", 2),
        record("n2", 1, "settle", 0.3),
        record("m1", 1, "mover", 4),
        record("f1", 1, "from", 8),
        record("x1", 1, None, 16),
        record("x2", 1, None, 0.16),
        record("d1", 1, "twice", 1),
        record("d2", 1, "twice", 4),
        record("p1", 5, "today", 1),
        record("s1", 2, "several", 1),
        record("s2", 2, "several", 1),
        record("s3", 2, "several", None),
        record("s4", 2, "several", 1),
        record("s5", 2, "several", 1),
        record("i1", 1, "invalid", -1),
        SET_ASIDE,
    ],
    "b": [record("d1", 1, "twice", 1.25), record("d2", 1, "twice", None)],
}
MIDNIGHT = [
    record("l2", 1, "late", 0.25),
    record("c1", 1, "changed", 1.5),
    record("n1", 1, "settle", None),
    record("m1", 2, "mover", 4),
    record("f1", 1, "to", 8),
    record("x1", 1, None, 15),
    record("x2", 1, "found", 0.16),
    record("d1", 1, "twice", None),
    record("d1", 1, "twice", 3),
    record("p2", 5, "today", 0.5),
    record("i1", 1, "invalid", 1),
]
EIGHTH = [
    record("c1", 1, "changed", 1.5, browser="Safari"),
    record("n1", 1, "settle", 0.7),
    record("s6", 2, "several", 0.5),
    record("s1", 2, "several", 2),
    record("s2", 2, "several", None),
    record("s3", 2, "several", 0.4),
    record("s4", 3, "several", 1.1),
    record("s5", 2, "to", 1),
    record("p1", 5, "today", 0.9),
    record("q1", 4, "quiet", 0.2),
]
NINTH = [
    record("m1", 1, "mover", 4),
    record("n1", 1, "settle", None),
    record("n2", 1, "settle", None),
    record("l1", 1, "late", 1, event_type="click"),
]
# of 7 January, and the last to arrive
SEVENTH = [record("c1", 1, "changed", 1.2), record("n1", 1, "settle", 5), record("l4", 1, "late", 0.05)]

WHEN = {
    "eve": "2026-01-05T23:59:59.999999Z",
    "midnight": "2026-01-06T00:00:00Z",
    "seventh": "2026-01-07T06:00:00Z",
    "eighth": "2026-01-08T06:00:00Z",
    "ninth": "2026-01-09T06:00:00Z",
}
RECORDS = {
    "eve": EVE["a"] + EVE["b"],
    "midnight": MIDNIGHT,
    "seventh": SEVENTH,
    "eighth": EIGHTH,
    "ninth": NINTH,
}
IN_ORDER = ("eve", "midnight", "eighth", "ninth")


READ = (
    "fct_ad_event_records",
    "fct_ad_events",
    "fct_ad_events_as_of",
    "fct_publisher_performance",
    "fct_revenue_restatements",
    "rpt_ad_serving_changed_events",
    "snap_ad_serving__published_days",
)


@dataclass(frozen=True)
class Story:
    house: Warehouse
    ids: dict[str, str]
    stages: dict[str, Warehouse]

    @property
    def last_in_order(self) -> Warehouse:
        return self.stages["ninth"]

    @property
    def rewritten(self) -> Warehouse:
        return self.stages["seventh"]

    def names(self) -> dict[str, str]:
        return {delivery_id: name for name, delivery_id in self.ids.items()}


@pytest.fixture(scope="module")
def story(shared_house: Warehouse) -> Story:
    house = replace(shared_house, only=READ)
    ids, stages = {}, {}
    for name in (*IN_ORDER, "seventh"):
        ids[name] = deliver(house, WHEN[name], EVE if name == "eve" else RECORDS[name])
        build(house)
        stages[name] = keep(house, name)
    return Story(house, ids, stages)


def usd(*amounts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, amounts))


def restated(changes: dict[str, int], *both: str, delivered: Iterable[str] = ()) -> Row:
    """A row of fct_revenue_restatements; before, after and difference are those of both readings unless `delivered`."""
    kinds = ("late", "changed", "set_to_null", "reappeared", "moved_in", "moved_out")
    return (*(changes.get(kind, 0) for kind in kinds), *usd(*both), *usd(*(delivered or both)))


RESTATED_IN_ORDER = {
    ("midnight", 1, "late"): restated({"late": 1}, "1", "1.25", "0.25"),
    ("midnight", 1, "changed"): restated({"changed": 1}, "1.1", "1.6", "0.5"),
    ("midnight", 1, "settle"): restated({"set_to_null": 1}, "2.3", "2.3", "0", delivered=("2.3", "0.3", "-2")),
    ("midnight", 1, "mover"): restated({"moved_out": 1}, "4", "0", "-4"),
    ("midnight", 2, "mover"): restated({"moved_in": 1}, "0", "4", "4"),
    ("midnight", 1, "from"): restated({"moved_out": 1}, "8", "0", "-8"),
    ("midnight", 1, "to"): restated({"moved_in": 1}, "0", "8", "8"),
    ("midnight", 1, None): restated({"changed": 1, "moved_out": 1}, "16.16", "15", "-1.16"),
    ("midnight", 1, "found"): restated({"moved_in": 1}, "0", "0.16", "0.16"),
    ("midnight", 1, "twice"): restated({"changed": 1}, "5.25", "7", "1.75", delivered=("1.25", "3", "1.75")),
    ("midnight", 1, "invalid"): restated({"changed": 1}, "-1", "1", "2"),
    ("eighth", 1, "changed"): restated({}, "1.6", "1.6", "0"),
    ("eighth", 1, "settle"): restated({"reappeared": 1}, "2.3", "1", "-1.3", delivered=("0.3", "1", "0.7")),
    ("eighth", 2, "several"): restated(
        {"late": 1, "changed": 1, "set_to_null": 1, "reappeared": 1, "moved_out": 2},
        *("4", "3.9", "-0.1"),
        delivered=("4", "2.9", "-1.1"),
    ),
    ("eighth", 3, "several"): restated({"moved_in": 1}, "0", "1.1", "1.1"),
    ("eighth", 2, "to"): restated({"moved_in": 1}, "0", "1", "1"),
    ("eighth", 5, "today"): restated({"changed": 1}, "1.5", "1.4", "-0.1"),
    ("ninth", 1, "mover"): restated({"moved_in": 1}, "0", "4", "4"),
    ("ninth", 2, "mover"): restated({"moved_out": 1}, "4", "0", "-4"),
    ("ninth", 1, "settle"): restated({"set_to_null": 2}, "1", "1", "0", delivered=("1", "0", "-1")),
    ("ninth", 1, "late"): restated({}, "1.25", "1.25", "0"),
}
REWRITTEN = {
    ("seventh", 1, "changed"): restated({"changed": 1}, "1.6", "1.3", "-0.3"),
    ("eighth", 1, "changed"): restated({"changed": 1}, "1.3", "1.6", "0.3"),
    ("seventh", 1, "settle"): restated({"reappeared": 1}, "2.3", "5.3", "3", delivered=("0.3", "5.3", "5")),
    ("eighth", 1, "settle"): restated({"changed": 1}, "5.3", "1", "-4.3"),
    ("seventh", 1, "late"): restated({"late": 1}, "1.25", "1.3", "0.05"),
    ("ninth", 1, "late"): restated({}, "1.3", "1.3", "0"),
}


def restatements(story: Story, house: Warehouse) -> dict[tuple, Row]:
    rows = house.rows(
        "select _delivery_id, day(event_date), publisher_id, events_late, events_changed, events_set_to_null, "
        "events_reappeared, events_moved_in, events_moved_out, "
        "revenue_usd_before, revenue_usd_after, revenue_usd_difference, revenue_usd_as_delivered_before, "
        "revenue_usd_as_delivered_after, revenue_usd_as_delivered_difference from marts.fct_revenue_restatements"
    )
    return {(story.names()[delivery_id], day, publisher): tuple(row) for delivery_id, day, publisher, *row in rows}


@pytest.mark.parametrize("key", RESTATED_IN_ORDER, ids=lambda key: "-".join(map(str, key)))
def test_a_restatement_says_what_a_delivery_brought(story: Story, key: tuple) -> None:
    assert restatements(story, story.last_in_order).get(key) == RESTATED_IN_ORDER[key]


EVENTS = ("late", "changed", "set to NULL", "reappeared", "moved in", "moved out")


@pytest.mark.parametrize("stage", ["ninth", "seventh"])
def test_changed_events_add_up_to_what_was_restated(story: Story, stage: str) -> None:
    """Deliveries that repeat what was known have no events."""
    found: dict[tuple, list[Any]] = defaultdict(lambda: [0] * len(EVENTS) + [Decimal(0)])
    for delivery_id, day, publisher, cause, difference in story.stages[stage].rows(
        "select delivery_id, day(event_date), publisher_id, cause, revenue_usd_difference "
        "from reporting.rpt_ad_serving_changed_events"
    ):
        sums = found[story.names()[delivery_id], day, publisher]
        sums[EVENTS.index(cause)] += 1
        sums[-1] += difference
    expected = RESTATED_IN_ORDER if stage == "ninth" else RESTATED_IN_ORDER | REWRITTEN
    assert found == {key: [*row[:6], row[8]] for key, row in expected.items() if any(row[:6])}


def test_an_event_that_moved_is_where_it_was_and_where_it_is(story: Story) -> None:
    rows = story.last_in_order.rows(
        "select day(event_date), publisher_id, cause, revenue_usd_before, revenue_usd_after, day(other_event_date), "
        "other_publisher_id, source_row from reporting.rpt_ad_serving_changed_events "
        f"where event_id = 'm1' and delivery_id = '{story.ids['midnight']}' order by 1"
    )
    number = MIDNIGHT.index(record("m1", 2, "mover", 4)) + 1
    assert rows == [
        (1, "mover", "moved out", 4, None, 2, "mover", None),
        (2, "mover", "moved in", None, 4, 1, "mover", number),
    ]


def test_nothing_else_is_restated(story: Story) -> None:
    assert restatements(story, story.last_in_order).keys() == RESTATED_IN_ORDER.keys()
    assert restatements(story, story.stages["eve"]) == {}


def test_an_older_delivery_rewrites_the_story(story: Story) -> None:
    assert restatements(story, story.rewritten) == RESTATED_IN_ORDER | REWRITTEN


def test_a_day_is_first_published_when_it_is_over(story: Story) -> None:
    rows = story.last_in_order.rows(
        "select distinct day(event_date), _delivery_id, publication from marts.fct_ad_events_as_of"
    )
    published = defaultdict(dict)
    for day, delivery_id, publication in rows:
        published[day][story.names()[delivery_id]] = publication
    restatements_after_eve = {
        "eve": "first",
        "midnight": "restatement",
        "eighth": "restatement",
        "ninth": "restatement",
    }
    assert published == {
        1: restatements_after_eve,
        2: restatements_after_eve,
        3: {"eve": "first", "eighth": "restatement"},
        4: {"eighth": "first"},
        5: {"eve": "preliminary", "midnight": "first", "eighth": "restatement"},
    }


def as_of(house: Warehouse, delivery_id: str) -> dict[tuple, Row]:
    """The documented query: what was reported after a delivery. A publisher that has left a day stays, with zeros."""
    rows = house.rows(
        f"select day(event_date), publisher_id, {', '.join(MEASURES)} from marts.fct_ad_events_as_of "
        f"where _delivery_id <= '{delivery_id}' "
        f"and (superseded_by_delivery_id is null or superseded_by_delivery_id > '{delivery_id}')"
    )
    figures = {(day, publisher): tuple(measures) for day, publisher, *measures in rows}
    assert len(figures) == len(rows)
    return {key: measures for key, measures in figures.items() if measures != NOTHING}


def performance(house: Warehouse) -> dict[tuple, Row]:
    sums = ", ".join(f"sum({measure})" for measure in MEASURES)
    rows = house.rows(
        f"select day(event_date), publisher_id, {sums} from marts.fct_publisher_performance group by 1, 2"
    )
    return {(day, publisher): tuple(measures) for day, publisher, *measures in rows}


@pytest.mark.parametrize("name", IN_ORDER)
def test_figures_as_of_a_delivery_are_those_published_after_it(story: Story, name: str) -> None:
    published = performance(story.stages[name])
    assert published
    assert as_of(story.last_in_order, story.ids[name]) == published


@pytest.mark.parametrize("name", WHEN)
def test_figures_as_of_a_delivery_in_the_rewritten_story(story: Story, name: str) -> None:
    """Worked out again from the records of the deliveries up to it."""
    known = [RECORDS[earlier] for earlier in sorted(WHEN, key=WHEN.__getitem__) if WHEN[earlier] <= WHEN[name]]
    latest, amounts = {}, {}
    for one in (one for records in known for one in records if one is not SET_ASIDE):
        latest[one["event_id"]] = one
        if one["revenue_usd"] is not None:
            amounts[one["event_id"]] = Decimal(str(one["revenue_usd"]))
    figures: dict[tuple, Row] = defaultdict(lambda: NOTHING)
    for event_id, one in latest.items():
        shown = int(one["event_type"] == "impression")
        amount = amounts.get(event_id, Decimal(0))
        delivered = Decimal(0) if one["revenue_usd"] is None else amount
        moved = (shown, shown, 1 - shown, 0, amount, delivered, min(amount, Decimal(0)))
        key = (dt.datetime.fromisoformat(one["timestamp"]).day, one["publisher_id"])
        figures[key] = tuple(a + b for a, b in zip(figures[key], moved, strict=True))
    assert as_of(story.rewritten, story.ids[name]) == figures


@pytest.mark.parametrize("stage", WHEN)
def test_first_published_figures_and_differences_add_up_to_now(story: Story, stage: str) -> None:
    house = story.stages[stage]
    readings = ("revenue_usd", "revenue_usd_as_delivered")
    total: dict[tuple, Row] = defaultdict(lambda: (Decimal(0), Decimal(0)))
    published = house.rows(
        f"select day(event_date), publisher_id, {', '.join(readings)} from marts.fct_ad_events_as_of "
        "where publication <> 'restatement' "
        "qualify row_number() over (partition by event_date, publisher_id order by _delivery_id desc) = 1"
    )
    differences = house.rows(
        "select day(event_date), publisher_id, "
        f"{', '.join(f'{reading}_difference' for reading in readings)} from marts.fct_revenue_restatements"
    )
    for day, publisher, *amounts in published + differences:
        total[day, publisher] = tuple(a + b for a, b in zip(total[day, publisher], amounts, strict=True))
    now = {key: row[4:6] for key, row in performance(house).items()}
    assert {key: amounts for key, amounts in total.items() if any(amounts)} == {
        key: amounts for key, amounts in now.items() if any(amounts)
    }


def published_of(relation: str) -> str:
    return f"select revenue_usd, clicks from {relation} where figure_id = 'late@2026-01-01' order by dbt_valid_from"


def test_what_was_published_is_kept_when_the_story_is_rewritten(story: Story) -> None:
    day = (1, "late")
    assert as_of(story.last_in_order, story.ids["ninth"])[day][4] == Decimal("1.25")
    assert as_of(story.rewritten, story.ids["ninth"])[day][4] == Decimal("1.3")
    published = [(*usd("1"), 0), (*usd("1.25"), 0), (*usd("1.25"), 1), (*usd("1.3"), 1)]
    assert story.rewritten.rows(published_of("snapshots.snap_ad_serving__published_days")) == published
    with clickhouse_connect.get_client(host="127.0.0.1", port=story.house.clickhouse_port) as client:
        relation = f"{story.house.prefix}_snapshots.snap_ad_serving__published_days"
        assert client.query(published_of(relation)).result_rows == published


def test_each_record_of_a_file_has_one_fate(story: Story) -> None:
    fates = ("current", "replaced_in_delivery", "replaced_by_delivery", "set_aside")
    columns = [f"records_{fate}" for fate in fates] + [f"revenue_usd_{fate}" for fate in (*fates, "still_counting")]
    rows = story.last_in_order.rows(
        f"select _delivery_id, _source_file, {', '.join(columns)} from quality.fct_ad_event_records"
    )
    assert {(story.names()[delivery_id], file): tuple(row) for delivery_id, file, *row in rows} == {
        ("eve", "events/a.jsonl"): (2, 2, 15, 1, *usd("0.11", "5", "36.46", "9", "5.3")),
        ("eve", "events/b.jsonl"): (1, 0, 1, 0, *usd("0", "0", "1.25", "0", "0")),
        ("midnight", "events/day.jsonl"): (7, 1, 3, 0, *usd("27.91", "0", "5.5", "0", "0")),
        ("eighth", "events/day.jsonl"): (9, 0, 1, 0, *usd("7.6", "0", "0.7", "0", "0.7")),
        ("ninth", "events/day.jsonl"): (4, 0, 0, 0, *usd("5", "0", "0", "0", "0")),
    }


@pytest.mark.parametrize("stage", WHEN)
def test_revenue_is_what_is_current_or_still_counts(story: Story, stage: str) -> None:
    [counting] = story.stages[stage].rows(
        "select sum(revenue_usd_current + revenue_usd_still_counting) from quality.fct_ad_event_records"
    )
    assert [counting] == story.stages[stage].rows("select sum(revenue_usd) from marts.fct_ad_events")
    if stage == "ninth":
        assert counting == usd("46.62")
