"""The views of ad delivery have the same rows on both engines, and the figures of deliveries written by hand."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from math import sqrt
from statistics import NormalDist
from typing import Any, NamedTuple

import pytest

from support.ad_delivery import advertiser, campaign, deleted, deliver, event
from support.consent import Record, records
from support.dashboard import TARGETS, shown, tables_of, tiles_of
from support.drops import NO_TESTS
from support.metrics import Grouping, assert_metrics
from support.warehouse import Warehouse, warehouse

VIEWS = ("days", "weeks", "hours", "campaigns", "pacing", "bids", "advertisers", "extractions")
REPORT_DAY = dt.date(2026, 1, 19)  # the day before the last extraction
CLOCK_FAULT = "2026-02-03"  # the day of one event
SINCE_EVER = dt.datetime(1900, 1, 1)


class Event(NamedTuple):
    kind: str
    campaign: int | None
    at: dt.datetime

    @property
    def day(self) -> dt.date:
        return self.at.date()


def at(day: str, hour: int = 12) -> str:
    return f"2026-{day} {hour:02}:30"


def day(number: int, month: int = 1) -> dt.date:
    return dt.date(2026, month, number)


# (campaign, moments): by the comments beside the campaigns below
IMPRESSIONS = [
    (1, [at(f"01-{day}") for day in range(10, 20)]),
    (2, [at("01-06"), at("01-06", 0), at("01-07"), at("01-08"), at("01-16", 3)]),
    (5, [at("01-11"), at("01-12", 23)]),
    (6, [at("01-18"), at("01-18", 23), at("01-19")]),
    (8, [at("01-15")]),
    (9, [at("01-18", 0), at("01-20", 3)]),
    (None, [f"{CLOCK_FAULT} 05:00"]),
    (99, [at("01-13")] * 15),
]
CLICKS = [
    (1, [at("01-14", 13)]),
    (5, [at("01-11", 13), at("01-12", 13), at("01-12", 14)]),
    (6, [at("01-18", 7)] * 3),
    (99, [at("01-13")] * 15),
]

# Bids of 1,000 dollars per thousand: an impression costs a dollar.
FIRST = {
    "advertiser": [advertiser(key) for key in (1, 2, 3, 4)],
    "campaign": [
        campaign(1, bid="1000.00", budget="12.00", start_date="2026-01-01", end_date="2026-01-31"),
        campaign(2, bid="1000.00", budget="3.00", start_date="2026-01-05", end_date="2026-01-15", advertiser_id=2),
        campaign(3, advertiser_id=2),  # never shown, begins with the day on which it was made
        campaign(4, start_date="2026-03-01", end_date="2026-03-10"),  # its flight is to come
        campaign(5, bid="500.00", budget="10.00"),  # more clicks than impressions; edited
        campaign(6, bid="1000.00", budget="10.00", start_date="2026-01-17"),  # three days old, without an end
        campaign(7, bid="2.00", budget="20.00"),  # deleted for good
        campaign(8, budget="1000000.00"),  # its budget would last for millennia
        campaign(9, bid="1000.00", budget="100.00", start_date="2026-01-10", end_date="2026-01-22"),
        campaign(10, bid="4.00", budget="40.00", advertiser_id=None),  # deleted, and there again
    ],
}
SECOND = {
    "campaign": [
        campaign(5, bid="3000.00", budget="10.00", advertiser_id=3, changed_at="2026-01-12 10:00"),
        campaign(5, bid="2000.00", budget="10.00", advertiser_id=3, changed_at="2026-01-12 11:00"),
        campaign(5, bid="2000.00", budget="10.00", advertiser_id=3, name="renamed", changed_at="2026-01-14 09:00"),
        campaign(5, bid="2000.00", budget="20.00", advertiser_id=3, name="renamed", changed_at="2026-01-16 08:00"),
        deleted(7, changed_at="2026-01-11 12:00"),
        deleted(10, changed_at="2026-01-11 12:00"),
        campaign(10, bid="4.00", budget="40.00", advertiser_id=None, changed_at="2026-01-13 12:00"),
    ],
}
EVENTS = [
    Event(kind, key, dt.datetime.fromisoformat(moment))
    for kind, rows in (("impression", IMPRESSIONS), ("click", CLICKS))
    for key, moments in rows
    for moment in moments
]


@pytest.fixture(scope="module")
def house() -> Iterator[Warehouse]:
    with warehouse("ad_delivery", views=True) as built:
        deliver(built, 10, **FIRST, mode="cdc")
        deliver(built, 20, **SECOND, impressions=events_of(IMPRESSIONS, None), clicks=events_of(CLICKS), mode="cdc")
        built.build(*NO_TESTS)
        yield built


def events_of(rows: list[tuple[int | None, list[str]]], *more: str | None) -> list[Record]:
    """`more` are moments of events without campaign."""
    moments = [(key, moment) for key, moments in rows for moment in moments] + [(None, moment) for moment in more]
    return [event(number, moment, key) for number, (key, moment) in enumerate(moments, start=1)]


@pytest.fixture(scope="module")
def views(house: Warehouse) -> dict[str, list[Record]]:
    return {name: records(house, f"reporting.rpt_ad_delivery_{name}") for name in VIEWS}


def bid_at_the_end(key: int | None, day: dt.date) -> Decimal:
    if key == 5:
        return Decimal(500) if day < dt.date(2026, 1, 12) else Decimal(2000)
    return Decimal({None: 0, 99: 0, 8: 1}.get(key, 1000))


def spend(of: list[Event]) -> Decimal:
    """What impressions cost, each at the bid that its campaign had at the end of the day."""
    return sum((bid_at_the_end(e.campaign, e.day) / 1000 for e in of if e.kind == "impression"), Decimal(0))


def counts(of: list[Event]) -> tuple[int, int]:
    kinds = Counter(one.kind for one in of)
    return kinds["impression"], kinds["click"]


def share(part: Any, whole: Any) -> float | None:
    return pytest.approx(float(part) / float(whole)) if whole else None


def wilson(clicks: int, impressions: int) -> tuple[float | None, float | None]:
    """The shares whose own standard error puts the one seen at the edge: roots of (p - q)^2 = z^2 p (1 - p) / n."""
    if not impressions or clicks > impressions:
        return None, None
    q, per_event = clicks / impressions, NormalDist().inv_cdf(0.975) ** 2 / impressions
    square, linear, constant = 1 + per_event, -(2 * q + per_event), q * q
    root = sqrt(linear * linear - 4 * square * constant)
    return tuple(pytest.approx((-linear + sign * root) / (2 * square), abs=1e-9) for sign in (-1, 1))


def by_campaign(rows: list[Record], *names: str) -> dict[int | None, tuple]:
    return {record["campaign_id"]: tuple(record[name] for name in names) for record in rows}


def test_both_engines_have_the_same_rows(house: Warehouse, views: dict[str, list[Record]]) -> None:
    assert house.differences() == []
    assert all(views.values())


def test_spend_as_a_metric_is_that_of_the_events(house: Warehouse) -> None:
    def spent(row: Record) -> Decimal:
        return spend([one for one in EVENTS if (one.campaign, one.day) == (row["campaign_id"], row["event_date"])])

    groupings = [
        Grouping("metric_time__day", lambda row: row["event_date"], "rpt_ad_delivery_days", "event_date"),
        Grouping("delivered_campaign", lambda row: row["campaign_id"], "rpt_ad_delivery_campaigns", "campaign_id"),
    ]
    assert_metrics(house, records(house, "marts.fct_ad_delivery_daily"), {"spend": spent}, groupings)


def test_ctr_of_each_campaign_with_its_interval(views: dict[str, list[Record]]) -> None:
    found = by_campaign(views["campaigns"], "impressions", "clicks", "ctr", "ctr_low", "ctr_high")
    assert found.keys() == {*range(1, 11), None, 99}
    for key, row in found.items():
        impressions, clicks = counts([one for one in EVENTS if one.campaign == key])
        assert row == (impressions, clicks, share(clicks, impressions), *wilson(clicks, impressions)), key
    told = by_campaign(views["campaigns"], "spend_usd", "advertiser_id", "advertiser_name")
    for key, row in told.items():
        assert row[0] == spend([one for one in EVENTS if one.campaign == key]), key
    assert [told[key][1:] for key in (2, 5, 10, 99)] == [
        (2, "advertiser 2"),
        (3, "advertiser 3"),
        (None, None),
        (None, None),
    ]


def test_the_interval_is_the_published_one_and_stays_within_0_and_1(views: dict[str, list[Record]]) -> None:
    """1 of 10 as R's prop.test() has it without continuity correction; with no click exactly 0, with all exactly 1."""
    found = by_campaign(views["campaigns"], "impressions", "clicks", "ctr_low", "ctr_high")
    impressions, clicks, low, high = found[1]
    assert (impressions, clicks, round(low, 4), round(high, 4)) == (10, 1, 0.0179, 0.4042)
    assert (found[2][:3], round(found[2][3], 4)) == ((5, 0, 0.0), 0.4345)
    assert (found[6][:2], round(found[6][2], 4), found[6][3]) == ((3, 3), 0.4385, 1.0)
    assert found[99] == (15, 15, pytest.approx(0.7961167), 1.0)  # the formula alone is a last bit below


def test_no_ctr_without_impressions_and_no_interval_with_more_clicks_than_impressions(
    views: dict[str, list[Record]],
) -> None:
    found = by_campaign(
        views["campaigns"], "is_deleted", "campaign_name", "impressions", "clicks", "ctr", "ctr_low", "ctr_high"
    )
    for key, is_deleted in ((3, False), (4, False), (7, True), (10, False)):
        assert found[key] == (is_deleted, f"campaign {key}", 0, 0, None, None, None)
    assert found[5] == (False, "renamed", 2, 3, 1.5, None, None)
    assert found[99][:2] == found[None][:2] == (None, None)


def test_days(views: dict[str, list[Record]]) -> None:
    found = {record.pop("event_date"): record for record in map(dict, views["days"])}
    days = {day(number) for number in range(1, 21)} | {dt.date.fromisoformat(CLOCK_FAULT)}
    assert found.keys() == days
    for date, row in found.items():
        of_day = [one for one in EVENTS if one.day == date]
        impressions, clicks = counts(of_day)
        assert (row["impressions"], row["clicks"]) == (impressions, clicks)
        assert row["ctr"] == share(clicks, impressions)
        assert row["spend_usd"] == spend(of_day)
        assert (row["ctr_low"], row["ctr_high"]) == wilson(clicks, impressions)
        assert (row["is_over"], row["is_after_last_delivery"]) == (date <= REPORT_DAY, date > day(20))
    assert [found[day(number)]["campaigns_with_impressions"] for number in (9, 13, 18)] == [0, 2, 3]
    # from 1 January on 1, 3, 5, 8 and 10; 2 from the 5th to the 15th, 6 from the 17th, 9 from the 10th
    assert [found[day(number)]["campaigns_in_flight"] for number in (1, 5, 10, 16, 17)] == [5, 6, 7, 6, 7]


def test_hours(views: dict[str, list[Record]]) -> None:
    everything = counts(EVENTS)[0]
    expected = []
    for hour in range(24):
        impressions, clicks = counts([one for one in EVENTS if one.at.hour == hour])
        rates = (share(impressions, everything), clicks, share(clicks, impressions))
        expected.append((hour, impressions, *rates, *wilson(clicks, impressions)))
    assert sorted(tuple(record.values()) for record in views["hours"]) == expected


def test_shares_of_advertisers(views: dict[str, list[Record]]) -> None:
    """Campaign 5 went from advertiser 1 to advertiser 3; nobody has impressions without a known campaign."""

    def owner(one: Event) -> int | None:
        if one.campaign == 5:
            return 1 if one.day < dt.date(2026, 1, 12) else 3
        return {None: None, 99: None, 2: 2}.get(one.campaign, 1)

    all_impressions, all_clicks = counts(EVENTS)
    rows = {record["advertiser_id"]: record for record in views["advertisers"]}
    assert rows.keys() == {1, 2, 3, 4, None}
    for key, row in rows.items():
        own = [one for one in EVENTS if owner(one) == key]
        impressions, clicks = counts(own)
        assert (row["impressions"], row["clicks"], row["spend_usd"]) == (impressions, clicks, spend(own))
        assert row["share_of_impressions"] == share(impressions, all_impressions)
        assert row["share_of_clicks"] == share(clicks, all_clicks)
        assert row["share_of_spend"] == share(spend(own), spend(EVENTS))
    assert (rows[3]["impressions"], rows[3]["clicks"], rows[3]["spend_usd"]) == (1, 2, 2)
    assert (rows[4]["impressions"], rows[4]["share_of_spend"]) == (0, 0)


def test_weeks(views: dict[str, list[Record]]) -> None:
    """The last extraction ran on a Tuesday; the week after has no row, the next one the event of the clock fault."""
    found = {record["week_start"]: record for record in views["weeks"]}
    assert sorted(found) == [dt.date(2025, 12, 29), day(5), day(12), day(19), day(2, 2)]
    of_week = {
        monday: [one for one in EVENTS if one.day.isocalendar()[:2] == monday.isocalendar()[:2]] for monday in found
    }
    for monday, row in found.items():
        impressions, clicks = counts(of_week[monday])
        assert (row["impressions"], row["clicks"], row["spend_usd"]) == (impressions, clicks, spend(of_week[monday]))
        assert row["ctr"] == share(clicks, impressions)
        assert row["days_with_impressions"] == len({e.day for e in of_week[monday] if e.kind == "impression"})
        assert row["is_over"] == (monday < day(19))
        before = of_week[monday - dt.timedelta(weeks=1)] if monday in (day(5), day(12)) else []
        impressions_before, clicks_before = counts(before)
        assert row["change_of_impressions"] == share(impressions - impressions_before, impressions_before)
        assert row["change_of_clicks"] == share(clicks - clicks_before, clicks_before)
        assert row["change_of_spend"] == share(spend(of_week[monday]) - spend(before), spend(before))
    changes = {monday: row["change_of_ctr_in_points"] for monday, row in found.items()}
    impressions, clicks = counts(of_week[day(12)])
    impressions_before, clicks_before = counts(of_week[day(5)])
    difference = pytest.approx(clicks / impressions - clicks_before / impressions_before)
    assert changes == {**dict.fromkeys(found), day(12): difference}


def test_bids_and_budgets_over_time(views: dict[str, list[Record]]) -> None:
    """Days are those from 1 January to that of the last extraction, 20 January."""
    names = ("valid_from", "valid_to", "bid_usd_before", "bid_usd", "budget_usd_before", "budget_usd")
    rows = [
        (record["campaign_id"], *(record[name] for name in (*names, "days_priced", "impressions", "spend_usd")))
        for record in sorted(views["bids"], key=lambda row: (row["campaign_id"], row["period"]))
        if record["campaign_id"] in (5, 7, 10)
    ]

    def january(day: int, hour: int) -> dt.datetime:
        return dt.datetime(2026, 1, day, hour)

    assert rows == [
        (5, SINCE_EVER, january(12, 10), None, 500, None, 10, 11, 1, Decimal("0.5")),
        (5, january(12, 10), january(12, 11), 500, 3000, 10, 10, 0, 0, 0),
        (5, january(12, 11), january(16, 8), 3000, 2000, 10, 10, 4, 1, 2),
        (5, january(16, 8), None, 2000, 2000, 10, 20, 5, 0, 0),
        (7, SINCE_EVER, january(11, 12), None, 2, None, 20, 0, 0, 0),
        (10, SINCE_EVER, january(11, 12), None, 4, None, 40, 12, 0, 0),
        (10, january(13, 12), None, 4, 4, 40, 40, 8, 0, 0),
    ]
    assert sum(record["spend_usd"] for record in views["bids"]) == spend(EVENTS)


PACING = ("spend_usd", "spend_usd_out_of_flight", "even_pace_usd", "daily_pace_usd")
EXHAUSTION = ("used_up_on", "projected_day", "is_used_up_early")


def test_pacing_and_exhaustion_of_budgets(views: dict[str, list[Record]]) -> None:
    assert {record["report_day"] for record in views["pacing"]} == {REPORT_DAY}
    found = by_campaign(views["pacing"], *PACING, *EXHAUSTION)
    seventh = Decimal("0.142857")  # of a dollar
    assert found == {
        1: (10, 0, Decimal("7.354838"), 1, None, day(21), True),  # 12 x 19 / 31 days; 2 dollars left at 1 a day
        2: (5, 1, 3, seventh, day(7), None, True),  # one dollar the day after its flight
        3: (0, 0, None, 0, None, None, False),
        4: (0, 0, 0, None, None, None, False),
        5: (Decimal("2.5"), 0, None, 0, None, None, False),
        6: (3, 0, None, 1, None, day(26), False),  # 7 dollars left at exactly 1 a day
        7: (0, 0, None, None, None, None, False),
        8: (Decimal("0.001"), 0, None, Decimal("0.000142"), None, None, False),
        9: (1, 0, Decimal("76.923076"), seventh, None, dt.date(2027, 12, 13), False),  # 99 dollars at 1 in 7 days
        10: (0, 0, None, 0, None, None, False),
    }
    ratios = by_campaign(views["pacing"], "pace_ratio")
    assert ratios[1] == (pytest.approx(10 / 7.354838),)
    assert ratios[4] == ratios[5] == (None,)


@pytest.mark.parametrize("target", TARGETS)
def test_the_page_about_pacing_has_the_spend_of_a_week_and_of_each_budget(house: Warehouse, target: str) -> None:
    house.run("publish", "--target", "dev")
    page = shown(house, target, "pacing")
    tiles, tables = tiles_of(page), tables_of(page)
    now, before = (
        spend([one for one in EVENTS if day(last - 6) <= one.day <= day(last)])
        for last in (REPORT_DAY.day, REPORT_DAY.day - 7)
    )
    assert tiles["Spend"] == (f"${now:.2f}", f"{now / before - 1:+.1%}")
    past = [one for one in EVENTS if one.day <= REPORT_DAY]
    budgets = {row["campaign_id"]: row["spend_usd"] for row in tables["Budgets"]}
    assert budgets == {key: spend([one for one in past if one.campaign == key]) for key in range(1, 11)}
    assert tiles["Used up"] == (str(sum(row["used_up_on"] is not None for row in tables["Budgets"])), "of 10 campaigns")
    assert {"Weeks", "Hours", "Advertisers", "Extractions", "Bids and budgets"} <= tables.keys()

    page = shown(house, target, "pacing", {"campaign": "campaign 2 · 2", "period": "All days", "figure": "Spend"})
    assert tiles_of(page)["Spend"] == ("$5.00", "")  # five impressions of a dollar
    [budget] = tables_of(page)["Budgets"]
    assert budget["used_up_on"] == day(7)  # the third of them
    assert sum(row["impressions"] for row in tables_of(page)["Days"]) == 5
