"""The chapter on ad delivery shows the figures of deliveries written by hand, and nothing where there are none."""

import datetime as dt
from collections import namedtuple
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from duckhouse.reporting.chapters import ad_delivery as chapter
from support.ad_delivery import advertiser, campaign, deleted, deliver, events
from support.chapters import found_in, page_of
from support.drops import NO_TESTS
from support.pages import Page, text_of
from support.warehouse import Warehouse

HOSTILE = '<script>alert(1)</script> & "Sons"'
EVENTLESS = ("campaigns", "pacing", "days", "weeks", "hours", "advertisers", "bids")
InErrors = namedtuple("InErrors", "campaign_id campaign_name event_date impressions clicks spend_usd rules")


@pytest.fixture(scope="module")
def house(shared_house: Warehouse) -> Warehouse:
    """An impression costs a dollar. The second extraction finds a click more in PostgreSQL than was landed."""
    house = replace(shared_house, source="ad_delivery")
    bid = {"bid": "1000.00", "start_date": "2026-01-01"}
    campaigns = [
        campaign(1, name=HOSTILE, budget="150.00", end_date="2026-01-31", **bid),
        campaign(2, budget="3.00", end_date="2026-01-15", **bid),
        campaign(3, budget="1000.00", end_date="2026-01-31", **bid),
        campaign(4, budget="20.00", **bid),
    ]
    deliver(house, 10, advertiser=[advertiser(1)], campaign=campaigns)
    impressions = [
        *events(range(1, 141), "2026-01-18 10:00", 1),
        *events(range(141, 147), "2026-01-06 10:00", 2),
        *events(range(147, 247), "2026-01-12 10:00", 3),
        *events([247], "2025-06-01 00:00", None),  # too long ago to be drawn
        *events([248], "2026-03-01 00:00", None),  # and of a clock that is ahead
        *events([249], None, 1),
    ]
    clicks = [*events(range(1, 5), "2026-01-18 11:00", 1), *events(range(5, 125), "2026-01-12 11:00", 3)]
    deliver(
        house,
        20,
        campaign=[
            deleted(4, changed_at="2026-01-15 00:00"),
            campaign(3, budget="2000.00", end_date="2026-01-31", **bid, changed_at="2026-01-16 09:00"),
        ],
        impressions=impressions,
        clicks=clicks,
        mode="cdc",
        source_rows={"clicks": 125},
    )
    house.dbt("dev", "build", *NO_TESTS)
    return house


@pytest.fixture(scope="module")
def found(house: Warehouse) -> dict[str, Any]:
    return found_in(house, chapter)


@pytest.fixture(scope="module")
def page(found: dict[str, Any]) -> Page:
    return page_of(chapter, found)


def test_headline_figures(page: Page) -> None:
    """248 impressions with a time and 124 clicks; the timeless impression is a row like any other."""
    assert page.facts("Ad delivery") == {
        "spend": "$246.000000",
        "impressions": "248 1 on days after the last extraction",
        "clicks": "124",
        "CTR": "50.00%",
        "campaigns": "4 1 deleted",
        "budgets used up": "1",
        "budgets that will not last": "1 at the pace of the last days",
        "events without a time": "1 in no other figure",
        "last extraction": "2026-01-20 06:00 UTC by cdc, 0 bytes of log behind",
        "rows in PostgreSQL": "378 377 in the warehouse: wrong in clicks",
    }


def test_ctr_is_drawn_where_there_are_enough_impressions(page: Page) -> None:
    title = "Which campaigns are clicked most?"
    [chart] = page.charts(title)
    words = text_of(chart)
    assert words.index("3 campaign 3") < words.index("1 <script>")  # the order of their CTR
    assert "2 campaign 2" not in words
    assert "Not drawn: 2 campaigns with fewer impressions." in text_of(page.section(title))


def test_days_far_from_the_last_extraction_are_in_the_table_and_not_drawn(page: Page) -> None:
    title = "How many impressions and clicks does each day have?"
    days = page.table(title)
    january = [str(dt.date(2026, 1, number)) for number in range(20, 0, -1)]
    assert [row[0] for row in days] == [*january, "2025-06-01", "2026-03-01"]
    shown = {row[0]: row[1:] for row in days}
    assert shown["2026-01-18"] == ["1", "140", "4", "2.86%", "$140.00"]
    assert shown["2026-01-12"] == ["1", "100", "120", "120.00%", "$100.00"]
    assert shown["2026-01-19"] == ["0", "0", "0", "", "$0.00"]
    assert "Days not drawn: 1 before 2025-11-22, 1 later" in text_of(page.section(title))
    assert len(page.charts(title)) == 2


def test_budgets_that_do_not_last(page: Page) -> None:
    """Of campaign 1, 140 dollars in 7 days: the last 10 go on the day after the last full one, 19 January."""
    assert page.table("Which budgets do not last to the end of the flight?") == [
        [f"1 {HOSTILE}", "$150.00", "$140.00", "$10.00", "$20.00", "expected 2026-01-20", "2026-01-31"],
        ["2 campaign 2", "$3.00", "$6.00", "-$3.00", "$0.00", "2026-01-06", "2026-01-15"],
    ]


def test_weeks_hours_advertisers_and_bids(page: Page) -> None:
    more = "3900.0%"  # than 6, in the week before
    weeks = {row[0]: row[1:] for row in page.table("How do weeks compare?")}
    assert weeks["2026-01-12"] == ["2", "240", more, "124", "", "51.67%", "$240.00", more]
    assert "2026-01-19 (goes on)" in weeks
    hours = page.table("At which hours are ads shown and clicked?")
    assert (len(hours), hours[10]) == (24, ["10:00", "246", "99.2%", "0", "0.00%"])
    assert page.table("Which share has each advertiser?") == [
        ["1 advertiser 1", "246", "99.2%", "124", "100.0%", "$246.00", "100.0%"],
        ["no known advertiser", "2", "0.8%", "0", "0.0%", "$0.00", "0.0%"],
    ]
    [change] = page.table("Which bids and budgets changed?")
    money = ["$1,000.00", "$1,000.00", "$1,000.00", "$2,000.00"]
    assert change == ["3 campaign 3", "2026-01-16 09:00", *money, "5", "$0.00"]  # the days from 16 to 20 January


def test_extractions_are_shown_with_what_does_not_add_up(page: Page) -> None:
    rows = page.table("Does the warehouse hold what PostgreSQL holds?")
    assert [row[:4] for row in rows] == [
        [f"2026-01-{day} 06:00", mode, table, "no" if (day, table) == (20, "clicks") else "yes"]
        for day, mode in ((20, "cdc"), (10, "compare"))
        for table in ("advertiser", "campaign", "clicks", "impressions")
    ]
    assert rows[2][4:] == ["125", "124", "124", "124", "0", "0", "0", "0"]
    assert rows[1][4:] == ["3", "3", "3", "0", "1", "1", "", "0"]
    assert rows[3][-2:] == ["1", "0"]  # the impression without a time
    assert rows[5][-1] == ""


def test_names_are_escaped(page: Page) -> None:
    assert "<script>alert" not in page.source
    assert HOSTILE in page.text


def test_what_is_in_open_errors_stands_beside_the_total(found: dict[str, Any]) -> None:
    rows = [InErrors(1, HOSTILE, dt.date(2026, 1, 18), 140, 4, Decimal(140), "ad_delivery__a,ad_delivery__b")]
    page = page_of(chapter, {**found, "open_errors": rows})
    assert page.facts("Ad delivery")["spend"] == "$246.000000 $140.00 of it in open errors"
    assert page.table("Which spend is in doubt?") == [
        [f"1 {HOSTILE}", "2026-01-18", "140", "4", "$140.00", "ad_delivery__a, ad_delivery__b"]
    ]
    without = page_of(chapter, {**found, "open_errors": []}).facts("Ad delivery")
    assert without["spend"] == "$246.000000 $0.00 of it in open errors"


def test_without_events_the_chapter_says_so(found: dict[str, Any]) -> None:
    page = page_of(chapter, {**found, **{key: [] for key in EVENTLESS}})
    assert "No campaign has 100 impressions." in page.text
    assert "No budget is used up" in page.text
    assert page.facts("Ad delivery")["CTR"] == "none"
    assert "<figure" not in page.source
