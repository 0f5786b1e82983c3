"""The views of ad serving, and the analyses that read them: the same rows on both engines, and the figures of the files
and of the generator."""

import datetime as dt
import json
from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from math import sqrt
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from duckhouse.settings import PROJECT
from duckhouse.warehouse import parity
from support.analyses import Answer, Record, analyses_of, answers_of_dev, answers_of_prod, compiled, described
from support.consent import records
from support.dashboard import TARGETS, shown, tables_of, tiles_of
from support.drops import NO_TESTS
from support.landing import read
from support.metrics import Figures, Grouping, assert_metrics
from support.warehouse import Warehouse, findings_of, warehouse

ANALYSES = analyses_of("ad_serving")
VIEWS = "path:models/reporting/ad_serving"
OF_RULES = (*findings_of("ad_serving"), "agg_dq_scorecard", f"{VIEWS},tag:quality")
WITHOUT_ROWS = "rpt_ad_serving_price_errors"  # no price is planted here, but in test_quality_levels.py
LAST_DAY = dt.date(2026, 3, 14)  # of the 20 days that are generated
UNREADABLE_DATE = "31/02/2026"
DELIVERED = dt.datetime(2026, 3, 15, 6)
REDELIVERED = dt.datetime(2026, 3, 16, 6)
FINEST = Decimal("0.000001")
Z = 1.959963984540054  # of 95 %

Find = Callable[[str], list[Record]]
"""The rows of a view of ad serving by the rest of its name."""


@dataclass(frozen=True)
class Event:
    """The latest state of an event, worked out from what landed."""

    id: str
    kind: str
    at: dt.datetime
    own_day: dt.date
    publisher: str
    ad_unit: str
    campaign: str | None
    filled: bool
    revenue: Decimal
    settled: bool
    invalid: bool
    first_delivered: dt.datetime

    @property
    def day(self) -> dt.date:
        return self.at.date()

    @property
    def net(self) -> Decimal:
        return Decimal(0) if self.invalid else self.revenue

    @property
    def is_impression(self) -> bool:
        return self.kind == "impression"


@dataclass(frozen=True)
class Landed:
    """What landed, and the events that come of it: `first` after the first delivery, `events` after both."""

    records: list[Record]
    publishers: dict[dt.datetime, dict[str, Record]]
    ad_units: dict[str, Record]
    campaigns: dict[dt.datetime, dict[str, Record]]
    first: list[Event]
    events: list[Event]


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drop") / "ad_serving"
    Warehouse(folder.parent, 0).run(
        "tools.generate", "ad_serving", "--days", "20", "--events-per-day", "300", "--seed", "5", "--out", folder
    )
    return folder


@pytest.fixture(scope="module")
def truth(drop: Path) -> dict[str, Any]:
    return json.loads((drop / "truth.json").read_text())


@pytest.fixture(scope="module")
def house(drop: Path) -> Iterator[Warehouse]:
    with warehouse(views=True) as built:
        built.land(drop, "--no-redelivery", "--delivered-at", f"{DELIVERED.isoformat()}Z")
        built.land(drop / "redelivery", "--delivered-at", f"{REDELIVERED.isoformat()}Z")
        built.build(*NO_TESTS)
        for target in ("dev", "prod"):
            built.dbt(target, "build", *NO_TESTS, *OF_RULES)
        yield built


@pytest.fixture(scope="module")
def view(house: Warehouse) -> Find:
    return lambda name: records(house, f"reporting.rpt_ad_serving_{name}")


@pytest.fixture(scope="module")
def dev(house: Warehouse) -> dict[str, Answer]:
    return answers_of_dev(house, compiled(house, "dev"))


@pytest.fixture(scope="module")
def prod(house: Warehouse) -> dict[str, Answer]:
    return answers_of_prod(house, compiled(house, "prod"))


@pytest.fixture(scope="module")
def landed(house: Warehouse) -> Landed:
    source = house.folder / "landing" / "ad_serving" / "delivery=*"
    records = read(source / "events" / "*.parquet")
    publishers, ad_units, campaigns = (
        latest_rows(read(source / entity / "*.parquet"), key)
        for entity, key in (("publishers", "publisher_id"), ("ad_units", "ad_unit_id"), ("campaigns", "campaign_id"))
    )
    first = [record for record in records if record["_delivered_at"] == DELIVERED]
    return Landed(
        records,
        publishers,
        ad_units[REDELIVERED],
        campaigns,
        latest_states(first, publishers),
        latest_states(records, publishers),
    )


def latest_rows(rows: list[Record], key: str) -> dict[dt.datetime, dict[str, Record]]:
    """By delivery, the last row of each key."""
    found: dict[dt.datetime, dict[str, Record]] = defaultdict(dict)
    for row in rows:
        found[row["_delivered_at"]][row[key].strip().lower()] = row
    return found


def latest_states(records: Iterable[Record], publishers: dict[dt.datetime, dict[str, Record]]) -> list[Event]:
    """The events of records that come in the order of deliveries."""
    stories: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if text(record["event_id"]) and moment(record["timestamp"]):
            stories[text(record["event_id"])].append(record)
    return [event_of(story, publishers) for story in stories.values()]


def event_of(story: list[Record], publishers: dict[dt.datetime, dict[str, Record]]) -> Event:
    latest, at = story[-1], moment(story[-1]["timestamp"])
    kind, publisher, filled = text(latest["event_type"]), text(latest["publisher_id"]), latest["is_filled"] == "true"
    amounts = [amount(record["revenue_usd"]) for record in story]
    revenue = next((known for known in reversed(amounts) if known is not None), Decimal(0))
    known = publishers[held_at(at)].get(publisher, {})
    return Event(
        id=text(latest["event_id"]),
        kind=kind,
        at=at,
        own_day=at.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(known.get("timezone") or "UTC")).date(),
        publisher=publisher,
        ad_unit=text(latest["ad_unit_id"]),
        campaign=text(latest["campaign_id"]) or None,
        filled=filled,
        revenue=revenue,
        settled=amounts[-1] is not None,
        invalid=kind not in ("impression", "click", "viewable_impression")
        or revenue < 0
        or (not filled and revenue != 0),
        first_delivered=story[0]["_delivered_at"],
    )


def text(value: str | None) -> str:
    return (value or "").strip().lower()


def amount(value: str | None) -> Decimal | None:
    """None where the text is no number."""
    try:
        return None if value is None else Decimal(value)
    except InvalidOperation:
        return None


def moment(value: str | None) -> dt.datetime | None:
    """UTC; None where the text is no time."""
    if text(value).isdigit():
        return dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=int(text(value)))
    try:
        at = dt.datetime.fromisoformat(text(value).upper())
    except ValueError:
        return None
    return at.astimezone(dt.UTC).replace(tzinfo=None) if at.tzinfo else at


def held_at(at: dt.datetime) -> dt.datetime:
    """The delivery whose dimensions hold at a moment."""
    return REDELIVERED if at >= REDELIVERED else DELIVERED


def sums(events: Iterable[Event], key: Callable[[Event], Any], value: Callable[[Event], Any]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for event in events:
        found[key(event)] = found.get(key(event), 0) + value(event)
    return found


def by(rows: Iterable[Record], key: str, name: str) -> dict[Any, Any]:
    return {row[key]: row[name] for row in rows}


def cut(amount: Decimal) -> Decimal:
    return amount.quantize(FINEST, ROUND_DOWN)


def days_of(totals: dict[str, Any], name: str) -> dict[dt.date, Decimal]:
    """A figure of the generator by the days that it generated; events with a time in the future have others."""
    by_day = {dt.date.fromisoformat(day): Decimal(figures[name]) for day, figures in totals["by_event_date"].items()}
    return {day: amount for day, amount in by_day.items() if day <= LAST_DAY}


def test_both_engines_show_the_same_views(house: Warehouse) -> None:
    compared = house.parity("--select", VIEWS)
    for result in compared:
        assert result["equal"], result
        assert bool(result["rows"]) == (result["model"] != WITHOUT_ROWS), result
    written = {path.stem for path in (PROJECT / "models" / "reporting" / "ad_serving").glob("*.sql")}
    assert {result["model"] for result in compared} == written


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_the_checks_of_the_views_hold(house: Warehouse, target: str) -> None:
    house.dbt(target, "test", "--select", VIEWS)


def test_metrics_are_those_of_the_events(house: Warehouse, landed: Landed) -> None:
    figures: Figures = {
        "impressions": lambda e: int(e.is_impression),
        "filled_impressions": lambda e: int(e.is_impression and e.filled),
        "clicks": lambda e: int(e.kind == "click"),
        "viewable_impressions": lambda e: int(e.kind == "viewable_impression"),
        "fill_rate": ("filled_impressions", "impressions"),
        "ctr": ("clicks", "filled_impressions"),
        "viewability": ("viewable_impressions", "filled_impressions"),
        "revenue_gross": lambda e: e.revenue,
        "revenue_net": lambda e: e.net,
    }
    publishers, days = "rpt_ad_serving_publisher_days", "rpt_ad_serving_days"
    groupings = [
        Grouping("metric_time__day", lambda e: e.day, publishers, "event_date"),
        Grouping("metric_time__day", lambda e: e.day, days, "event_date"),
        Grouping("ad_event__reporting_date__day", lambda e: e.own_day, publishers, "reporting_date"),
        Grouping("publisher", lambda e: e.publisher or None, publishers, "publisher_id"),
        Grouping("campaign", lambda e: e.campaign),
    ]
    assert_metrics(house, landed.events, figures, groupings)


def test_billable_revenue_as_a_metric_leaves_invalid_traffic_out(house: Warehouse, landed: Landed) -> None:
    invalid = by(records(house, "quality.fct_ad_invalid_traffic"), "event_id", "traffic_class")
    assert {"general_invalid", "suspect"} & set(invalid.values())

    def billable(event: Event) -> Decimal:
        return Decimal(0) if invalid.get(event.id) in ("general_invalid", "suspect") else event.net

    groupings = [
        Grouping("metric_time__day", lambda e: e.day, "rpt_ad_serving_billable_days", "event_date"),
        Grouping("publisher", lambda e: e.publisher or None, "rpt_ad_serving_billable_publisher_days", "publisher_id"),
    ]
    assert_metrics(house, landed.events, {"revenue_billable": billable}, groupings)


def test_restated_revenue_as_a_metric_is_unknown_where_nothing_was_restated(house: Warehouse) -> None:
    def key(row: Record) -> tuple[Any, ...]:
        return row["event_date"], row["publisher_id"], row["_delivery_id"]

    restated = {key(row): row["revenue_usd_difference"] for row in records(house, "marts.fct_revenue_restatements")}
    published = records(house, "marts.fct_ad_events_as_of")
    assert 0 < len(restated) < len(published)
    view = "rpt_ad_serving_restatements"
    groupings = [
        Grouping("metric_time__day", lambda row: row["event_date"], view, "event_date"),
        Grouping("publisher", lambda row: row["publisher_id"], view, "publisher_id"),
        Grouping("restatement__delivery_id", lambda row: row["_delivery_id"], view, "delivery_id"),
    ]
    assert_metrics(house, published, {"revenue_restated": lambda row: restated.get(key(row))}, groupings)


@pytest.mark.parametrize("name", ANALYSES)
def test_both_engines_give_the_same_rows(name: str, dev: dict[str, Answer], prod: dict[str, Answer]) -> None:
    assert parity.differing_columns(dev[name].types, prod[name].types) is None
    assert dev[name].rows == prod[name].rows
    assert dev[name].rows


def test_each_analysis_has_a_description(house: Warehouse, dev: dict[str, Answer]) -> None:
    assert described(house) == set(ANALYSES) == set(dev)


def test_parameters_choose_day_and_size_on_both_engines(house: Warehouse, landed: Landed) -> None:
    variables = ("--vars", "{report_day: 2026-03-13, top: 3}")
    dev = answers_of_dev(house, compiled(house, "dev", *variables))
    prod = answers_of_prod(house, compiled(house, "prod", *variables))
    assert {name: answer.rows for name, answer in dev.items()} == {name: answer.rows for name, answer in prod.items()}
    day = dt.date(2026, 3, 13)
    assert {record["event_date"] for record in dev["why_a_day_changed"].records} == {day}
    assert {record["report_day"] for record in dev["revenue_by_utc_and_own_day"].records} == {day}
    movers = dev["top_movers_day_over_day"].records
    assert len(movers) == 3
    net = sums((event for event in landed.events if event.day == day), lambda e: e.publisher, lambda e: e.net)
    assert {record["publisher_id"]: record["now_usd"] for record in movers}.items() <= net.items()


def test_revenue_after_each_delivery(view: Find, truth: dict[str, Any]) -> None:
    expected = [
        (
            at,
            *(Decimal(truth["totals"][after]["overall"][name]) for name in ("revenue_usd", "revenue_usd_as_delivered")),
        )
        for at, after in ((DELIVERED, "after_first_delivery"), (REDELIVERED, "after_redelivery"))
    ]
    found = sorted(view("deliveries"), key=lambda row: row["delivery_id"])
    assert [
        (row["delivered_at"], row["revenue_usd_after"], row["revenue_usd_as_delivered_after"]) for row in found
    ] == expected


def test_first_published_revenue_and_revenue_now(view: Find, landed: Landed, truth: dict[str, Any]) -> None:
    found = [row for row in view("days") if row["published_at"]]
    assert by(found, "event_date", "revenue_usd_first_published") == days_of(
        truth["totals"]["after_first_delivery"], "revenue_usd"
    )
    assert by(found, "event_date", "revenue_usd") == days_of(truth["totals"]["after_redelivery"], "revenue_usd")
    redelivered = {text(record["event_id"]) for record in landed.records if record["_delivered_at"] == REDELIVERED}
    touched = {
        at.date()
        for record in landed.records
        if text(record["event_id"]) in redelivered - {""} and (at := moment(record["timestamp"]))
    }
    for row in found:
        assert row["restatements"] == (row["event_date"] in touched)
        assert row["revenue_usd_first_published"] + row["revenue_usd_restated"] == row["revenue_usd"]
        assert row["revenue_usd_restated_up"] + row["revenue_usd_restated_down"] == row["revenue_usd_restated"]
        assert row["revenue_usd_restated_down"] <= 0 <= row["revenue_usd_restated_up"]
    [restated] = [row for row in view("deliveries") if row["days_restated"]]
    assert restated["days_restated"] == len(touched & set(by(found, "event_date", "event_date")))
    assert restated["revenue_usd_restated"] == sum(row["revenue_usd_restated"] for row in found)


def test_the_figures_of_each_day_now_and_before_the_last_delivery(view: Find, landed: Landed) -> None:
    found = view("days")
    for column, value in (
        ("impressions", lambda e: e.is_impression),
        ("filled_impressions", lambda e: e.is_impression and e.filled),
        ("clicks", lambda e: e.kind == "click"),
        ("viewable_impressions", lambda e: e.kind == "viewable_impression"),
        ("revenue_usd", lambda e: e.revenue),
        ("revenue_usd_net_of_invalid_records", lambda e: e.net),
    ):
        expected = sums(landed.events, lambda e: e.day, value)
        assert {day: figure for day, figure in by(found, "event_date", column).items() if day in expected} == expected
    before = sums(landed.first, lambda e: e.day, lambda e: e.revenue)
    assert by(found, "event_date", "revenue_usd_before_last_delivery") == {
        row["event_date"]: before.get(row["event_date"]) for row in found
    }
    shown = [event for event in landed.first if event.is_impression]
    impressions, filled = (sums(shown, lambda e: e.day, value) for value in (lambda _: 1, lambda e: e.filled))
    assert by(found, "event_date", "fill_rate_before_last_delivery") == {
        row["event_date"]: filled[row["event_date"]] / impressions[row["event_date"]]
        if row["event_date"] in impressions
        else None
        for row in found
    }
    assert by(found, "event_date", "is_after_last_delivery") == {
        row["event_date"]: row["event_date"] > REDELIVERED.date() for row in found
    }
    assert any(row["is_after_last_delivery"] for row in found)


def test_a_full_day_is_published_and_has_half_of_the_usual_impressions(view: Find, landed: Landed) -> None:
    shown = sums(landed.events, lambda e: e.day, lambda e: e.is_impression)
    usual = median(number for day, number in shown.items() if day <= LAST_DAY)
    assert by(view("days"), "event_date", "is_full_day") == {
        row["event_date"]: row["published_at"] is not None and shown[row["event_date"]] >= usual / 2
        for row in view("days")
    }
    assert max(row["event_date"] for row in view("days") if row["is_full_day"]) == LAST_DAY


def test_why_days_changed(view: Find, dev: dict[str, Answer], landed: Landed, truth: dict[str, Any]) -> None:
    late = [e for e in landed.events if e.first_delivered == REDELIVERED]
    late_by_day = sums(late, lambda e: e.day, lambda _: 1)
    days = [row for row in view("days") if row["published_at"]]
    assert {row["event_date"]: row["events_late"] for row in days if row["events_late"]} == {
        day: number for day, number in late_by_day.items() if day <= LAST_DAY
    }
    [planted] = [change for change in truth["changes"] if change["kind"] == "revenue_set_null"]
    assert sum(row["events_set_to_null"] for row in days) == planted["count"]
    causes = [f"events_{name}" for name in ("late", "changed", "set_to_null", "reappeared", "moved_in", "moved_out")]
    [restated] = [row for row in view("deliveries") if row["days_restated"]]
    by_publisher = [row for row in view("restatements") if row["publication"] == "restatement"]
    for cause in causes:
        assert restated[cause] == sum(row[cause] for row in days) == sum(row[cause] for row in by_publisher)


def test_the_day_that_changed_most_and_its_publishers(dev: dict[str, Answer], landed: Landed) -> None:
    before, after = (
        sums(events, lambda e: (e.day, e.publisher), lambda e: e.revenue) for events in (landed.first, landed.events)
    )
    moved: dict[dt.date, Decimal] = defaultdict(Decimal)
    for place, revenue in after.items():
        moved[place[0]] += abs(revenue - before.get(place, 0))
    day = max(moved, key=moved.__getitem__)
    found = dev["why_a_day_changed"].records
    assert {row["event_date"] for row in found} == {day}
    assert {row["publisher_id"]: row["after_usd"] for row in found if row["publication"] == "first"} == {
        publisher: revenue for (of_day, publisher), revenue in before.items() if of_day == day
    }
    restated = [row for row in found if row["publication"] == "restatement"]
    assert restated
    for row in restated:
        place = (day, row["publisher_id"])
        assert (row["before_usd"], row["after_usd"]) == (before.get(place, 0), after[place])
    late = [e for e in landed.events if e.day == day and e.first_delivered == REDELIVERED]
    assert sum(row["events_late"] for row in restated) == len(late) > 0


def test_publishers_have_names_and_the_sums_of_their_days(view: Find, landed: Landed) -> None:
    found = view("publisher_days")
    places = [(row["event_date"], row["reporting_date"], row["publisher_id"]) for row in found]
    for column, value in (
        ("revenue_usd", lambda e: e.revenue),
        ("revenue_usd_net_of_invalid_records", lambda e: e.net),
        ("impressions", lambda e: e.is_impression),
        ("events_not_settled", lambda e: not e.settled),
        ("events_without_amount", lambda e: not e.settled and e.revenue == 0),
        ("revenue_usd_not_settled", lambda e: 0 if e.settled else e.revenue),
    ):
        expected = sums(landed.events, lambda e: (e.day, e.own_day, e.publisher), value)
        assert dict(zip(places, (row[column] for row in found), strict=True)) == expected
    today = landed.publishers[REDELIVERED]
    for row in found:
        known = today.get(row["publisher_id"], {})
        assert (row["publisher_name"], row["account_manager"]) == (
            known.get("publisher_name"),
            known.get("account_manager"),
        )
    assert {row["publisher_name"] is None for row in found} == {True, False}


def test_what_is_not_settled_is_what_was_set_to_null_or_unreadable(view: Find, truth: dict[str, Any]) -> None:
    [planted] = [change for change in truth["changes"] if change["kind"] == "revenue_set_null"]
    [unreadable] = [fault for fault in truth["faults"] if fault["kind"] == "unreadable_revenue"]
    found = view("publisher_days")
    assert sum(row["events_not_settled"] for row in found) == planted["count"] + unreadable["count"]
    assert sum(row["revenue_usd_not_settled"] for row in found) == Decimal(planted["revenue_before_usd"])
    totals = truth["totals"]["after_redelivery"]
    delivered = days_of(totals, "revenue_usd_as_delivered")
    for day, revenue in days_of(totals, "revenue_usd").items():
        at_stake = sum(row["revenue_usd_not_settled"] for row in found if row["event_date"] == day)
        assert at_stake == revenue - delivered[day]


BRIDGE = (
    *("revenue_usd_gross", "revenue_usd_invalid_records", "revenue_usd_general_invalid_traffic"),
    *("revenue_usd_suspect_traffic", "revenue_usd_billable"),
)


def bridges(house: Warehouse, events: list[Event], key: Callable[[Event], Any]) -> dict[Any, tuple[Decimal, ...]]:
    """Gross, what each step takes off, and billable: an event is taken off by the first step that it meets."""
    traffic = dict(house.rows("select event_id, traffic_class from quality.fct_ad_invalid_traffic"))

    def step(event: Event) -> str:
        of_traffic = {
            "general_invalid": "revenue_usd_general_invalid_traffic",
            "suspect": "revenue_usd_suspect_traffic",
        }
        if event.invalid:
            return "revenue_usd_invalid_records"
        return of_traffic.get(traffic.get(event.id), "revenue_usd_billable")

    parts = [
        sums(events, key, lambda e, name=name: e.revenue if step(e) == name else Decimal(0)) for name in BRIDGE[1:]
    ]
    gross = sums(events, key, lambda e: e.revenue)
    return {place: (amount, *(part[place] for part in parts)) for place, amount in gross.items()}


def in_open_errors(house: Warehouse, events: list[Event], key: Callable[[Event], Any]) -> dict[Any, Decimal]:
    found = house.rows(
        "select distinct finding_key from quality.fct_dq_findings "
        "where source = 'ad_serving' and is_open and severity = 'error'"
    )
    at_fault = {finding for (finding,) in found}
    assert at_fault
    return sums(events, key, lambda e: e.revenue if e.id in at_fault else Decimal(0))


def test_invoices(house: Warehouse, view: Find, landed: Landed) -> None:
    def month(event: Event) -> tuple[dt.date, str]:
        return event.own_day.replace(day=1), event.publisher

    expected = bridges(house, landed.events, month)
    open_ = bridges(house, [event for event in landed.events if not event.settled], month)
    errors = in_open_errors(house, landed.events, month)
    found = view("invoices")
    places = [(row["reporting_month"], row["publisher_id"]) for row in found]
    assert dict(zip(places, (tuple(row[name] for name in BRIDGE) for row in found), strict=True)) == expected
    assert {row["reporting_month"] for row in found if row["is_over"]} == {dt.date(2026, 2, 1)}
    days = defaultdict(set)
    for event in landed.events:
        days[month(event)].add(event.own_day)
    known = landed.publishers[REDELIVERED]
    for place, row in zip(places, found, strict=True):
        assert row["revenue_usd_billable_not_settled"] == (open_[place][-1] if place in open_ else 0)
        assert row["revenue_usd_in_open_errors"] == errors[place]
        assert row["days_with_events"] == len(days[place])
        assert row["days_in_month"] == monthrange(place[0].year, place[0].month)[1]
        assert row["timezone"] == (known.get(place[1], {}).get("timezone") or None)
        assert row["can_be_billed"] == ("yes" if row["is_over"] else "not over")
    assert {row["can_be_billed"] for row in found} == {"not over", "yes"}
    assert all(map(any, list(zip(*expected.values(), strict=True))[:3]))


def test_ad_units_have_the_figures_of_their_days(view: Find, landed: Landed) -> None:
    found = view("ad_unit_days")
    for column, value in (
        ("impressions", lambda e: e.is_impression),
        ("filled_impressions", lambda e: e.is_impression and e.filled),
        ("revenue_usd", lambda e: e.revenue),
    ):
        expected = sums((e for e in landed.events if e.ad_unit), lambda e: (e.day, e.ad_unit), value)
        assert {(row["event_date"], row["ad_unit_id"]): row[column] for row in found} == expected
    assert {row["ad_unit_name"] is None for row in found} == {True, False}


def test_billable_revenue_of_utc_days_and_of_own_days(house: Warehouse, view: Find, landed: Landed) -> None:
    for name, keys, key in (
        ("billable_days", ("event_date",), lambda e: (e.day,)),
        (
            *("billable_publisher_days", ("event_date", "reporting_date", "publisher_id")),
            lambda e: (e.day, e.own_day, e.publisher),
        ),
    ):
        errors = in_open_errors(house, landed.events, key)
        assert {
            tuple(row[column] for column in keys): (*(row[step] for step in BRIDGE), row["revenue_usd_in_open_errors"])
            for row in view(name)
        } == {place: (*steps, errors[place]) for place, steps in bridges(house, landed.events, key).items()}


def test_open_errors_of_a_day_are_those_of_the_scorecard(house: Warehouse, view: Find) -> None:
    found = house.rows(
        "select event_date, count(*) from quality.fct_dq_findings "
        "where source = 'ad_serving' and is_open and severity = 'error' and event_date is not null group by all"
    )
    assert by(view("billable_days"), "event_date", "open_errors").items() >= dict(found).items()


def test_signals_are_counted_by_event(house: Warehouse, view: Find) -> None:
    carried = house.rows(
        "select rule_id, count(*), count(*) filter (traffic_class <> 'conspicuous'), "
        "coalesce(sum(revenue_usd) filter (traffic_class <> 'conspicuous'), 0) "
        "from intermediate.int_ad_serving__traffic_signals join quality.fct_ad_invalid_traffic using (event_id) "
        "group by all"
    )
    columns = ("events", "events_invalid_or_suspect", "revenue_usd_invalid_or_suspect")
    shown = {row["rule_id"]: tuple(row[column] for column in columns) for row in view("signals")}
    assert {rule_id: figures for rule_id, figures in shown.items() if figures[0]} == {
        rule_id: tuple(figures) for rule_id, *figures in carried
    }
    assert len(shown) > len(carried) > 1


def test_account_managers_then_and_now(dev: dict[str, Answer], landed: Landed) -> None:
    def manager(event: Event, delivery: dt.datetime) -> str | None:
        return landed.publishers[delivery].get(event.publisher, {}).get("account_manager")

    then = sums(landed.events, lambda e: manager(e, held_at(e.at)), lambda e: e.net)
    today = sums(landed.events, lambda e: manager(e, REDELIVERED), lambda e: e.net)
    found = dev["revenue_by_account_manager"].records
    assert by(found, "account_manager", "at_event_time_usd") == then
    assert by(found, "account_manager", "today_usd") == today
    assert then != today


def test_how_late_events_arrive(dev: dict[str, Answer], landed: Landed) -> None:
    days_late = (lambda e: (e.first_delivered.date() - e.day).days,)
    found = dev["how_late_events_arrive"].records
    assert by(found, "days_late", "events") == sums(landed.events, *days_late, lambda e: 1)
    assert by(found, "days_late", "revenue_usd") == sums(landed.events, *days_late, lambda e: e.revenue)
    assert found[-1]["cumulative_share_of_events"] == 1


def test_delivered_revenue_is_booked_or_explained(view: Find, landed: Landed, truth: dict[str, Any]) -> None:
    carried: dict[dt.datetime, Decimal] = defaultdict(Decimal)
    for record in landed.records:
        carried[record["_delivered_at"]] += amount(record["revenue_usd"]) or 0
    found = view("deliveries")
    assert by(found, "delivered_at", "revenue_usd_delivered") == carried
    overall = truth["totals"]["after_redelivery"]["overall"]
    assert sum(row["revenue_usd_booked"] for row in found) == Decimal(overall["revenue_usd"])


def test_records_that_are_not_counted_as_they_came(view: Find, landed: Landed, truth: dict[str, Any]) -> None:
    fates = {
        "bad_timestamp": ("set aside", "unparsable_timestamp"),
        "missing_event_id": ("set aside", "missing_event_id"),
        "malformed_line": ("rejected", ""),
    }
    planted: Counter[tuple[dt.datetime, str, str]] = Counter()
    for fault in truth["faults"]:
        for file, count in fault["files"].items() if fault["kind"] in fates else ():
            at = REDELIVERED if file.startswith("redelivery/") else DELIVERED
            planted[at, *fates[fault["kind"]]] += count
    found = [row for row in view("faulty_records") if row["entity"] == "events"]
    counted: Counter[tuple[dt.datetime, str, str]] = Counter()
    for row in found:
        if row["fate"] != "invalid":
            reason = "" if row["fate"] == "rejected" else row["reason"]
            counted[row["delivered_at"], row["fate"], reason] += row["records"]
    assert counted == planted
    lost = sum(
        amount(record["revenue_usd"]) or Decimal(0)
        for record in landed.records
        if not text(record["event_id"]) or not moment(record["timestamp"])
    )
    assert sum(row["revenue_usd"] for row in found if row["fate"] == "set aside") == lost
    assert {row["revenue_usd"] for row in found if row["fate"] == "rejected"} == {None}
    invalid = [event for event in landed.events if event.invalid]
    assert sum(row["records"] for row in found if row["fate"] == "invalid") == len(invalid)
    assert sum(row["revenue_usd"] for row in found if row["fate"] == "invalid") == sum(e.revenue for e in invalid)


def test_unknown_ids(dev: dict[str, Answer], landed: Landed) -> None:
    known = {
        "publisher": landed.publishers[REDELIVERED],
        "ad_unit": landed.ad_units,
        "campaign": landed.campaigns[REDELIVERED],
    }
    expected: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for event in landed.events:
        for kind, keys in known.items():
            value = getattr(event, kind)
            if value is not None and value not in keys:
                expected[kind, value].append(event.revenue)
    assert {kind for kind, _ in expected} == set(known)
    assert {
        (row["kind"], row["unknown_id"]): (row["events"], row["gross_usd"]) for row in dev["unknown_ids"].records
    } == {place: (len(revenue), sum(revenue)) for place, revenue in expected.items()}


def test_fill_rate_week_over_week(dev: dict[str, Answer], landed: Landed) -> None:
    for week, first_day in (("this", LAST_DAY - dt.timedelta(days=6)), ("last", LAST_DAY - dt.timedelta(days=13))):
        last_day = first_day + dt.timedelta(days=6)
        shown = [e for e in landed.events if e.is_impression and first_day <= e.day <= last_day]
        impressions = sums(shown, lambda e: e.publisher, lambda e: 1)
        filled = sums(shown, lambda e: e.publisher, lambda e: e.filled)
        found = dev["fill_rate_week_over_week"].records
        assert {
            publisher: count
            for publisher, count in by(found, "publisher_id", f"impressions_{week}_week").items()
            if count
        } == impressions
        assert {
            publisher: rate
            for publisher, rate in by(found, "publisher_id", f"fill_rate_{week}_week").items()
            if rate is not None
        } == {publisher: filled[publisher] / count for publisher, count in impressions.items()}


def test_top_movers_by_volume_and_price(dev: dict[str, Answer], landed: Landed) -> None:
    (shown_before, before), (shown_now, now) = (
        (
            sums(of_day, lambda e: e.publisher, lambda e: int(e.is_impression)),
            sums(of_day, lambda e: e.publisher, lambda e: e.net),
        )
        for of_day in (
            [event for event in landed.events if event.day == day]
            for day in (LAST_DAY - dt.timedelta(days=1), LAST_DAY)
        )
    )
    difference = {publisher: now.get(publisher, 0) - before.get(publisher, 0) for publisher in before | now}
    by_movement = sorted(difference, key=lambda publisher: (-abs(difference[publisher]), publisher))
    found = dev["top_movers_day_over_day"].records
    assert [row["publisher_id"] for row in found] == by_movement[:10]
    explained = 0
    for row in found:
        publisher = row["publisher_id"]
        assert row["difference_usd"] == difference[publisher]
        if shown_before.get(publisher):
            at_old_price = cut(before[publisher] * shown_now.get(publisher, 0) / shown_before[publisher])
            assert row["volume_usd"] == at_old_price - before[publisher]
            assert row["volume_usd"] + row["price_usd"] == row["difference_usd"]
            explained += 1
        else:
            assert row["volume_usd"] is None
    assert explained


def test_segments_each_hold_all_events_and_rates_have_their_interval(view: Find, landed: Landed) -> None:
    found = view("segments")
    everything = (
        sum(event.is_impression for event in landed.events),
        sum(event.is_impression and event.filled for event in landed.events),
        sum(event.kind == "click" for event in landed.events),
        sum(event.net for event in landed.events),
    )
    columns = ("impressions", "filled_impressions", "clicks", "revenue_usd_net_of_invalid_records")
    for segment in ("ad_format", "device", "country", "device_and_country"):
        rows = [row for row in found if row["segment"] == segment]
        assert tuple(sum(row[column] for row in rows) for column in columns) == everything
        assert len(rows) > 1
    assert {row["has_enough_impressions"] for row in found} == {True, False}
    for row in found:
        filled, clicks = row["filled_impressions"], row["clicks"]
        assert row["has_enough_impressions"] == (filled >= 100)
        if 0 < clicks < filled:
            centre = (clicks + Z * Z / 2) / (filled + Z * Z)
            reach = Z / (filled + Z * Z) * sqrt(clicks * (filled - clicks) / filled + Z * Z / 4)
            assert (row["ctr_low"], row["ctr_high"]) == pytest.approx((centre - reach, centre + reach), rel=1e-12)


def test_revenue_per_thousand_impressions_of_ad_formats(view: Find, landed: Landed) -> None:
    def ad_format(event: Event) -> str | None:
        return landed.ad_units.get(event.ad_unit, {}).get("ad_format")

    net = sums(landed.events, ad_format, lambda e: e.net)
    filled = sums(landed.events, ad_format, lambda e: int(e.is_impression and e.filled))
    rows = [row for row in view("segments") if row["segment"] == "ad_format"]
    assert by(rows, "ad_format", "ecpm_usd") == {
        name: cut(net[name] * 1000 / count) if count else None for name, count in filled.items()
    }


def test_utc_day_and_own_day(dev: dict[str, Answer], landed: Landed) -> None:
    day = LAST_DAY - dt.timedelta(days=1)
    apart = {event.publisher for event in landed.events if (event.day == day) != (event.own_day == day)}
    found = dev["revenue_by_utc_and_own_day"].records
    for name, of_day in (
        ("utc_day_usd", lambda e: e.day == day),
        ("own_day_usd", lambda e: e.own_day == day),
        ("in_both_usd", lambda e: e.day == e.own_day == day),
    ):
        expected = sums(landed.events, lambda e: e.publisher, lambda e, of_day=of_day: e.net if of_day(e) else 0)
        assert by(found, "publisher_id", name) == {publisher: expected[publisher] for publisher in apart}
    assert {row["report_day"] for row in found} == {day}


def test_ad_units_that_stopped(view: Find, landed: Landed) -> None:
    days: dict[str, list[dt.date]] = defaultdict(list)
    for event in landed.events:
        if event.is_impression and event.day <= LAST_DAY:
            days[event.ad_unit].append(event.day)
    found = [row for row in view("ad_units") if row["last_day_served"]]
    assert {row["ad_unit_id"]: (row["last_day_served"], row["impressions"]) for row in found} == {
        ad_unit: (max(served), len(served)) for ad_unit, served in days.items()
    }
    assert {row["ad_unit_id"]: row["impressions_missed"] for row in found if row["days_silent"]} == {
        ad_unit: len(served) * (LAST_DAY - max(served)).days / ((max(served) - min(served)).days + 1)
        for ad_unit, served in days.items()
        if max(served) < LAST_DAY
    }
    assert {row["days_silent"] > 0 for row in found} == {True, False}


def test_spend_in_and_out_of_flight(view: Find, landed: Landed) -> None:
    in_flight: dict[str, Decimal] = defaultdict(Decimal)
    out_of_flight: dict[str, Decimal] = defaultdict(Decimal)
    for event in landed.events:
        flight = landed.campaigns[held_at(dt.datetime.combine(event.day, dt.time.max))].get(event.campaign or "")
        if flight is None or flight["end_date"] == UNREADABLE_DATE:
            continue
        if flight_day(flight["start_date"]) <= event.day <= flight_day(flight["end_date"]):
            in_flight[event.campaign] += event.net
        else:
            out_of_flight[event.campaign] += event.net
    found = view("campaigns")
    spent = {campaign: revenue for campaign, revenue in out_of_flight.items() if revenue}
    outside = by(found, "campaign_id", "spend_usd_out_of_flight")
    assert {campaign: spend for campaign, spend in outside.items() if spend} == spent
    assert spent
    assert {row["campaign_id"]: row["spend_usd_to_date"] for row in found if row["spend_usd_to_date"]} == {
        campaign: spend for campaign, spend in in_flight.items() if spend
    }
    everything = sums((e for e in landed.events if e.campaign), lambda e: e.campaign, lambda e: e.net)
    assert {row["campaign_id"]: row["spend_usd"] for row in found if row["spend_usd"]} == {
        campaign: spend for campaign, spend in everything.items() if spend
    }


def flight_day(value: str) -> dt.date:
    return dt.datetime.strptime(value, "%d/%m/%Y" if "/" in value else "%Y-%m-%d").date()


@pytest.mark.parametrize("target", TARGETS)
def test_the_page_about_traffic_has_the_figures_of_a_day(house: Warehouse, landed: Landed, target: str) -> None:
    house.run("publish", "--target", "dev")
    day, before = (LAST_DAY - dt.timedelta(days=ago) for ago in (1, 2))
    seen = [event for event in landed.events if event.is_impression]
    of_day = [event for event in seen if event.day == day]
    change = len(of_day) / sum(event.day == before for event in seen) - 1
    filled = sum(event.filled for event in of_day)
    asked = {"period": "Day", "day": str(day)}
    page = shown(house, target, "traffic", asked)
    tiles, tables = tiles_of(page), tables_of(page)
    assert tiles["Impressions"] == (f"{len(of_day):,}", f"{change:+.1%}")
    assert tiles["Fill rate"][0] == f"{filled / len(of_day):.1%}"
    assert int(tiles["Gross"][0]) == len(of_day)
    publishers = {row["publisher_id"] or "": row["impressions"] for row in tables["Publishers"] if row["impressions"]}
    assert publishers == Counter(event.publisher for event in of_day)
    devices = tables["Device, in the period"]
    assert sum(row["impressions"] for row in devices if row["impressions"]) == len(of_day)
    assert {"Signals", "Faulty records"} <= tables.keys()

    known = {key: row["publisher_name"].strip() for key, row in landed.publishers[REDELIVERED].items()}
    names = Counter(known.values())
    key = next(key for key in sorted(publishers, key=lambda key: -publishers[key]) if names[known.get(key)] == 1)
    page = shown(house, target, "traffic", {**asked, "publisher": known[key], "events": str(day)})
    assert tiles_of(page)["Impressions"][0] == f"{publishers[key]:,}"
    events = tables_of(page)[f"Events of {day}"]
    assert {row["event_id"] for row in events} == {
        event.id for event in landed.events if event.day == day and event.publisher == key
    }


@pytest.mark.parametrize("target", TARGETS)
def test_the_page_about_revenue_lists_first_where_a_partner_differs(house: Warehouse, target: str) -> None:
    house.run("publish", "--target", "dev")
    rows = tables_of(shown(house, target, "revenue", {"period": "All days"}))["Partner and ours"]
    apart = house.rows(
        "select finding_key from quality.fct_dq_findings where rule_id = 'ad_serving__partner_ledger_differs'"
    )
    differing = [row for row in rows if not row["is_within_tolerance"]]
    assert rows[: len(differing)] == differing
    keys = {f"{row['publisher_id']}|{row['partner_system']}|{str(row['period_end'])[:10]}" for row in differing}
    assert keys == {key for (key,) in apart if key.split("|")[2] <= str(LAST_DAY)}
    assert 0 < len(differing) < len(rows)
