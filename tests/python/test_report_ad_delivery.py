"""The chapter on ad delivery shows the figures of deliveries written by hand, and nothing where there are none."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest
from test_report_quality import table_after, text_of

from duckhouse.reporting.chapters.ad_delivery import wilson
from support.ad_delivery import advertiser, campaign, deleted, deliver, events
from support.drops import NO_TESTS, report_after
from support.warehouse import Warehouse

HOSTILE = '<script>alert(1)</script> & "Sons"'


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
        campaign=[deleted(4, changed_at="2026-01-15 00:00")],
        impressions=impressions,
        clicks=clicks,
        mode="cdc",
        source_rows={"clicks": 125},
    )
    house.dbt("dev", "build", *NO_TESTS)
    return house


@pytest.fixture(scope="module")
def printed(house: Warehouse) -> str:
    return house.run("report", "--out", house.folder / "report.html").stdout


@pytest.fixture(scope="module")
def page(house: Warehouse, printed: str) -> str:
    return (house.folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def changed(house: Warehouse) -> Callable[..., str]:
    """What the report prints and writes after something was done to a copy of the marts."""
    return partial(report_after, house)


def test_the_chapter_stands_alone(page: str) -> None:
    assert re.findall(r"<h1[^>]*>([^<]*)</h1>", page) == ["Ad delivery"]
    assert page.count("<figure") == 3


def test_headline_figures(page: str, printed: str) -> None:
    """248 impressions with a time and 124 clicks; the timeless impression is a row like any other."""
    for name, figure in (
        ("impressions, clicks", "248, 124"),
        ("CTR", "50.00% (43.82% to 56.18%, 95%)"),
        ("spend", "$246.000000"),
        ("campaigns, of them deleted", "4, 1"),
        ("budget used up, soon used up", "1, 1"),
        ("events without a time", "1, in no other figure"),
        ("last extraction", "2026-01-20 06:00 UTC, by cdc, 0 bytes of log behind"),
        ("rows: source, known, warehouse", "378, 377, 377: wrong in clicks"),
    ):
        assert f"<dt>{name}</dt><dd>{figure}</dd>" in page
        assert re.search(rf"^ *{re.escape(name)} +{re.escape(figure)}$", printed, re.MULTILINE)


def test_ctr_is_drawn_where_there_are_enough_impressions(page: str) -> None:
    chart = page.split("<h2>CTR by campaign</h2>", 1)[1].split("</section>", 1)[0]
    assert "3 campaign 3" in chart
    assert "2 campaign 2" not in chart
    assert "Not drawn: 2 with fewer impressions." in chart


def test_days_far_from_the_last_extraction_are_not_drawn(page: str) -> None:
    days = table_after(page, "Impressions and clicks by day")
    assert [row[0] for row in days] == [str(dt.date(2026, 1, number)) for number in range(1, 21)]
    shown = {row[0]: row[1:] for row in days}
    assert shown["2026-01-18"] == ["140", "4", "2.86%", "$140.00"]
    assert shown["2026-01-12"] == ["100", "120", "120.00%", "$100.00"]
    assert shown["2026-01-19"] == ["0", "0", "none", "$0.00"]
    assert "Not drawn: 2 impressions and clicks of other days." in text_of(page)


def test_budgets_that_do_not_last_are_those_of_the_analysis(house: Warehouse, page: str) -> None:
    """Of campaign 1, 140 dollars in 7 days: the last 10 go on the day after the last full one, 19 January."""
    rows = table_after(page, "Budgets that do not last")
    assert rows == [
        [f"1 {HOSTILE}", "$150.00", "$140.00", "$10.00", "$20.00", "expected 2026-01-20", "2026-01-31"],
        ["2 campaign 2", "$3.00", "$6.00", "-$3.00", "$0.00", "2026-01-06", "2026-01-15"],
    ]
    name = "pacing_and_budget_exhaustion"
    house.dbt("dev", "compile", "--select", name)
    [query] = (house.folder / "target-dev-first" / "compiled").rglob(f"{name}.sql")
    early = house.rows(
        "select campaign_id, budget_usd, spend_usd, daily_pace_usd, coalesce(used_up_on, projected_day) "
        f"from ({query.read_text()}) where is_used_up_early order by campaign_id"
    )
    assert early == [
        (1, Decimal(150), Decimal(140), Decimal(20), dt.date(2026, 1, 20)),
        (2, Decimal(3), Decimal(6), Decimal(0), dt.date(2026, 1, 6)),
    ]


def test_extractions_are_shown_with_what_does_not_add_up(page: str) -> None:
    rows = table_after(page, "Extractions")
    assert [(row[0], row[1], row[2], row[-1]) for row in rows] == [
        (f"2026-01-{day} 06:00", mode, table, "no" if (day, table) == (20, "clicks") else "yes")
        for day, mode in ((20, "cdc"), (10, "compare"))
        for table in ("advertiser", "campaign", "clicks", "impressions")
    ]
    assert rows[2][3:] == ["125", "124", "124", "124", "0", "0", "0", "no"]
    assert rows[1][3:] == ["3", "3", "3", "0", "0", "1", "0", "yes"]
    assert rows[5][9] == ""


def test_names_are_escaped(page: str) -> None:
    assert "<script" not in page
    assert HOSTILE in text_of(page.replace("&quot;", '"'))


def test_without_events_the_chapter_says_so(changed: Callable[..., str]) -> None:
    facts = ("fct_ad_delivery_hourly", "fct_ad_delivery_daily", "fct_ad_delivery_set_aside")
    empty = (*facts, "dim_ad_delivery_campaigns")
    written = changed("eventless", "; ".join(f"delete from marts.{name}" for name in empty))
    assert "No campaign has 100 impressions." in written
    assert "No budget is used up" in written
    assert "<dd>none</dd>" in written
    assert "<figure" not in written


def test_without_deliveries_there_is_no_chapter(changed: Callable[..., str]) -> None:
    error = changed("empty", "delete from marts.fct_ad_delivery_extractions", code=1)
    assert "no events are built" in error
    assert len(error.strip().splitlines()) == 1


def test_the_interval_of_a_share() -> None:
    """1 of 10 as R's prop.test() has it without continuity correction; none and all are off by z^2 / (n + z^2)."""
    assert wilson(1, 10) == pytest.approx((0.0178762, 0.4041500), abs=5e-8)
    assert wilson(0, 10) == pytest.approx((0, 3.8414588 / 13.8414588))
    assert wilson(10, 10) == pytest.approx((10 / 13.8414588, 1))
    assert wilson(0, 0) is wilson(3, 2) is None
