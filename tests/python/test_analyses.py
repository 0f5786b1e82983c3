"""The analyses give the same rows on both engines, and their figures are those of the files and of the generator."""

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from duckhouse.warehouse import parity
from support.analyses import Answer, Record, analyses_of, answers_of_dev, answers_of_prod, compiled, described
from support.drops import NO_TESTS
from support.landing import read
from support.warehouse import Warehouse, warehouse

ANALYSES = analyses_of("ad_serving")
LAST_DAY = dt.date(2026, 3, 14)  # of the 20 days that are generated
UNREADABLE_DATE = "31/02/2026"
DELIVERED = dt.datetime(2026, 3, 15, 6)
REDELIVERED = dt.datetime(2026, 3, 16, 6)
FINEST = Decimal("0.000001")


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
    with warehouse() as built:
        built.land(drop, "--no-redelivery", "--delivered-at", f"{DELIVERED.isoformat()}Z")
        built.land(drop / "redelivery", "--delivered-at", f"{REDELIVERED.isoformat()}Z")
        built.build(*NO_TESTS)
        for target in ("dev", "prod"):
            built.dbt(target, "build", *NO_TESTS, "--select", "+fct_ad_gross_to_billable_daily")
        yield built


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


def column(answer: Answer, key: str, name: str) -> dict[Any, Any]:
    return {record[key]: record[name] for record in answer.records}


def cut(amount: Decimal) -> Decimal:
    return amount.quantize(FINEST, ROUND_DOWN)


def days_of(totals: dict[str, Any], name: str) -> dict[dt.date, Decimal]:
    """A figure of the generator by the days that it generated; events with a time in the future have others."""
    by_day = {dt.date.fromisoformat(day): Decimal(figures[name]) for day, figures in totals["by_event_date"].items()}
    return {day: amount for day, amount in by_day.items() if day <= LAST_DAY}


@pytest.mark.parametrize("name", ANALYSES)
def test_both_engines_give_the_same_rows(name: str, dev: dict[str, Answer], prod: dict[str, Answer]) -> None:
    assert parity.differing_columns(dev[name].types, prod[name].types) is None
    assert dev[name].rows == prod[name].rows
    assert dev[name].rows


def test_each_analysis_has_a_description(house: Warehouse, dev: dict[str, Answer]) -> None:
    assert described(house) == set(ANALYSES) == set(dev)


def test_parameters_choose_day_and_size_on_both_engines(house: Warehouse, landed: Landed) -> None:
    variables = ("--vars", "{report_day: 2026-03-13, top: 3, least_impressions: 1, pace_tolerance_percent: 1000000}")
    dev = answers_of_dev(house, compiled(house, "dev", *variables))
    prod = answers_of_prod(house, compiled(house, "prod", *variables))
    assert {name: answer.rows for name, answer in dev.items()} == {name: answer.rows for name, answer in prod.items()}
    day = dt.date(2026, 3, 13)
    assert {record["event_date"] for record in dev["why_a_day_changed"].records} == {day}
    assert {record["report_day"] for record in dev["revenue_by_utc_and_own_day"].records} == {day}
    paces = {(record["budget_usd"] is None, record["pace"]) for record in dev["campaign_pace"].records}
    assert paces <= {(False, "on pace"), (False, "ahead"), (True, "unknown")}
    assert all(record["has_enough_impressions"] for record in pairs_with_impressions(dev))
    movers = dev["top_movers_day_over_day"].records
    assert len(movers) == 3
    net = sums((event for event in landed.events if event.day == day), lambda e: e.publisher, lambda e: e.net)
    assert {record["publisher_id"]: record["now_usd"] for record in movers}.items() <= net.items()


def pairs_with_impressions(answers: dict[str, Answer]) -> list[Record]:
    records = answers["click_and_view_rates_by_device_and_country"].records
    return [record for record in records if record["filled_impressions"]]


def test_revenue_after_each_delivery(dev: dict[str, Answer], truth: dict[str, Any]) -> None:
    expected = [
        (
            at,
            *(Decimal(truth["totals"][after]["overall"][name]) for name in ("revenue_usd", "revenue_usd_as_delivered")),
        )
        for at, after in ((DELIVERED, "after_first_delivery"), (REDELIVERED, "after_redelivery"))
    ]
    found = dev["revenue_in_both_readings_of_null"].records
    assert [(row["delivered_at"], row["last_known_usd"], row["as_delivered_usd"]) for row in found] == expected
    assert [row["at_stake_usd"] for row in found] == [known - delivered for _, known, delivered in expected]


def test_first_published_revenue_and_revenue_now(dev: dict[str, Answer], landed: Landed, truth: dict[str, Any]) -> None:
    found = dev["revenue_first_published_and_now"]
    assert column(found, "event_date", "first_published_usd") == days_of(
        truth["totals"]["after_first_delivery"], "revenue_usd"
    )
    assert column(found, "event_date", "now_usd") == days_of(truth["totals"]["after_redelivery"], "revenue_usd")
    redelivered = {text(record["event_id"]) for record in landed.records if record["_delivered_at"] == REDELIVERED}
    touched = {
        at.date()
        for record in landed.records
        if text(record["event_id"]) in redelivered - {""} and (at := moment(record["timestamp"]))
    }
    for row in found.records:
        assert row["restatements"] == (row["event_date"] in touched)
        assert row["moved_up_usd"] + row["moved_down_usd"] == row["now_usd"] - row["first_published_usd"]
        assert row["moved_down_usd"] <= 0 <= row["moved_up_usd"]


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


def test_what_is_not_settled_is_what_was_set_to_null_or_unreadable(
    dev: dict[str, Answer], truth: dict[str, Any]
) -> None:
    [planted] = [change for change in truth["changes"] if change["kind"] == "revenue_set_null"]
    [unreadable] = [fault for fault in truth["faults"] if fault["kind"] == "unreadable_revenue"]
    found = dev["not_settled_yet"].records
    assert sum(row["events_not_settled"] for row in found) == planted["count"] + unreadable["count"]
    assert sum(row["at_stake_usd"] for row in found) == Decimal(planted["revenue_before_usd"])
    totals = truth["totals"]["after_redelivery"]
    delivered = days_of(totals, "revenue_usd_as_delivered")
    for day, revenue in days_of(totals, "revenue_usd").items():
        assert sum(row["at_stake_usd"] for row in found if row["event_date"] == day) == revenue - delivered[day]


BRIDGE = ("gross_usd", "invalid_records_usd", "general_invalid_traffic_usd", "suspect_traffic_usd", "billable_usd")


def bridges(house: Warehouse, events: list[Event], key: Callable[[Event], Any]) -> dict[Any, tuple[Decimal, ...]]:
    """Gross, what each step takes off, and billable: an event is taken off by the first step that it meets."""
    traffic = dict(house.rows("select event_id, traffic_class from quality.fct_ad_invalid_traffic"))

    def step(event: Event) -> str:
        of_traffic = {"general_invalid": "general_invalid_traffic_usd", "suspect": "suspect_traffic_usd"}
        return "invalid_records_usd" if event.invalid else of_traffic.get(traffic.get(event.id), "billable_usd")

    parts = [
        sums(events, key, lambda e, name=name: e.revenue if step(e) == name else Decimal(0)) for name in BRIDGE[1:]
    ]
    gross = sums(events, key, lambda e: e.revenue)
    return {place: (amount, *(part[place] for part in parts)) for place, amount in gross.items()}


def test_invoices(house: Warehouse, dev: dict[str, Answer], landed: Landed) -> None:
    def month(event: Event) -> tuple[dt.date, str]:
        return event.own_day.replace(day=1), event.publisher

    expected = bridges(house, landed.events, month)
    open_ = bridges(house, [event for event in landed.events if not event.settled], month)
    found = dev["invoice_by_publisher_and_month"].records
    places = [(row["reporting_month"], row["publisher_id"]) for row in found]
    assert dict(zip(places, (tuple(row[name] for name in BRIDGE) for row in found), strict=True)) == expected
    assert {row["reporting_month"] for row in found if row["is_over"]} == {dt.date(2026, 2, 1)}
    for place, row in zip(places, found, strict=True):
        assert row["not_settled_usd"] == (open_[place][-1] if place in open_ else 0)
    assert all(map(any, list(zip(*expected.values(), strict=True))[:3]))


def test_billable_revenue_of_the_publishers_own_days(house: Warehouse, dev: dict[str, Answer], landed: Landed) -> None:
    found = dev["billable_revenue_by_publisher"].records
    assert {
        (row["reporting_date"], row["publisher_id"]): tuple(row[name] for name in BRIDGE) for row in found
    } == bridges(house, landed.events, lambda e: (e.own_day, e.publisher))


def test_account_managers_then_and_now(dev: dict[str, Answer], landed: Landed) -> None:
    def manager(event: Event, delivery: dt.datetime) -> str | None:
        return landed.publishers[delivery].get(event.publisher, {}).get("account_manager")

    then = sums(landed.events, lambda e: manager(e, held_at(e.at)), lambda e: e.net)
    today = sums(landed.events, lambda e: manager(e, REDELIVERED), lambda e: e.net)
    found = dev["revenue_by_account_manager"]
    assert column(found, "account_manager", "at_event_time_usd") == then
    assert column(found, "account_manager", "today_usd") == today
    assert then != today


def test_how_late_events_arrive(dev: dict[str, Answer], landed: Landed) -> None:
    days_late = (lambda e: (e.first_delivered.date() - e.day).days,)
    found = dev["how_late_events_arrive"]
    assert column(found, "days_late", "events") == sums(landed.events, *days_late, lambda e: 1)
    assert column(found, "days_late", "revenue_usd") == sums(landed.events, *days_late, lambda e: e.revenue)
    assert found.records[-1]["cumulative_share_of_events"] == 1


def test_delivered_revenue_is_booked_or_explained(
    dev: dict[str, Answer], landed: Landed, truth: dict[str, Any]
) -> None:
    carried: dict[dt.datetime, Decimal] = defaultdict(Decimal)
    for record in landed.records:
        carried[record["_delivered_at"]] += amount(record["revenue_usd"]) or 0
    found = dev["delivered_and_booked_revenue"]
    assert column(found, "delivered_at", "delivered_usd") == carried
    overall = truth["totals"]["after_redelivery"]["overall"]
    assert sum(row["booked_usd"] for row in found.records) == Decimal(overall["revenue_usd"])


def test_records_set_aside(dev: dict[str, Answer], landed: Landed, truth: dict[str, Any]) -> None:
    reasons = {
        "bad_timestamp": "unparsable_timestamp",
        "missing_event_id": "missing_event_id",
        "malformed_line": "unreadable",
    }
    planted: Counter[tuple[dt.datetime, str]] = Counter()
    for fault in truth["faults"]:
        for file, count in fault["files"].items() if fault["kind"] in reasons else ():
            at = REDELIVERED if file.startswith("redelivery/") else DELIVERED
            planted[at, reasons[fault["kind"]]] += count
    found = dev["records_set_aside"].records
    assert {(row["delivered_at"], row["reason"]): row["records"] for row in found} == planted
    lost = sum(
        amount(record["revenue_usd"]) or Decimal(0)
        for record in landed.records
        if not text(record["event_id"]) or not moment(record["timestamp"])
    )
    assert sum(row["revenue_usd"] for row in found if row["reason"] != "unreadable") == lost
    assert {row["revenue_usd"] for row in found if row["reason"] == "unreadable"} == {None}


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
        found = dev["fill_rate_week_over_week"]
        assert {
            publisher: count
            for publisher, count in column(found, "publisher_id", f"impressions_{week}_week").items()
            if count
        } == impressions
        assert {
            publisher: rate
            for publisher, rate in column(found, "publisher_id", f"fill_rate_{week}_week").items()
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


def test_revenue_per_thousand_impressions(dev: dict[str, Answer], landed: Landed) -> None:
    def ad_format(event: Event) -> str | None:
        return landed.ad_units.get(event.ad_unit, {}).get("ad_format")

    net = sums(landed.events, ad_format, lambda e: e.net)
    filled = sums(landed.events, ad_format, lambda e: int(e.is_impression and e.filled))
    assert column(dev["revenue_per_thousand_by_ad_format"], "ad_format", "ecpm_usd") == {
        name: cut(net[name] * 1000 / count) if count else None for name, count in filled.items()
    }


def test_utc_day_and_own_day(dev: dict[str, Answer], landed: Landed) -> None:
    day = LAST_DAY - dt.timedelta(days=1)
    apart = {event.publisher for event in landed.events if (event.day == day) != (event.own_day == day)}
    found = dev["revenue_by_utc_and_own_day"]
    for name, of_day in (
        ("utc_day_usd", lambda e: e.day == day),
        ("own_day_usd", lambda e: e.own_day == day),
        ("in_both_usd", lambda e: e.day == e.own_day == day),
    ):
        expected = sums(landed.events, lambda e: e.publisher, lambda e, of_day=of_day: e.net if of_day(e) else 0)
        assert column(found, "publisher_id", name) == {publisher: expected[publisher] for publisher in apart}
    assert {row["report_day"] for row in found.records} == {day}


def test_ad_units_that_stopped(dev: dict[str, Answer], landed: Landed) -> None:
    days: dict[str, list[dt.date]] = defaultdict(list)
    for event in landed.events:
        if event.is_impression and event.day <= LAST_DAY:
            days[event.ad_unit].append(event.day)
    expected = {
        ad_unit: (
            max(served),
            len(served) * (LAST_DAY - max(served)).days / ((max(served) - min(served)).days + 1),
        )
        for ad_unit, served in days.items()
        if max(served) < LAST_DAY
    }
    found = dev["ad_units_that_stopped_serving"].records
    assert {row["ad_unit_id"]: (row["last_day_served"], row["impressions_missed"]) for row in found} == expected
    missed = [row["impressions_missed"] for row in found]
    assert missed == sorted(missed, reverse=True)


def test_clicks_and_views_of_all_pairs_together(dev: dict[str, Answer], landed: Landed) -> None:
    of_campaigns = [event for event in landed.events if event.campaign]
    found = dev["click_and_view_rates_by_device_and_country"].records
    assert [sum(row[name] for row in found) for name in ("filled_impressions", "clicks", "viewable_impressions")] == [
        sum(event.is_impression and event.filled for event in of_campaigns),
        sum(event.kind == "click" for event in of_campaigns),
        sum(event.kind == "viewable_impression" for event in of_campaigns),
    ]
    assert [row["has_enough_impressions"] for row in found] == [True] * (len(found) - 1) + [False]
    assert min(row["filled_impressions"] for row in found[:-1]) >= 100
    assert found[-1]["pairs"] > 1


def test_spend_in_and_out_of_flight(dev: dict[str, Answer], landed: Landed) -> None:
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
    spent = {campaign: revenue for campaign, revenue in out_of_flight.items() if revenue}
    assert column(dev["spend_out_of_flight_or_over_budget"], "campaign_id", "out_of_flight_usd") == spent
    assert spent
    paced = column(dev["campaign_pace"], "campaign_id", "spend_usd_to_date")
    assert {campaign: spend for campaign, spend in paced.items() if spend} == {
        campaign: spend for campaign, spend in in_flight.items() if spend
    }


def flight_day(value: str) -> dt.date:
    return dt.datetime.strptime(value, "%d/%m/%Y" if "/" in value else "%Y-%m-%d").date()
