"""Small drops written by hand, one case each, built on both engines after every delivery."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from support.drops import build, deliver, event
from support.warehouse import Warehouse, warehouse

READ = ("fct_ad_events", "fct_ad_events_daily", "fct_publisher_performance")
PUBLISHERS = "publisher_id,publisher_name,timezone\n1,One,America/New_York\n2,Two,Mars/Olympus\n"


@pytest.fixture
def house() -> Iterator[Warehouse]:
    """A warehouse of the facts that cases read."""
    with warehouse(only=READ) as house:
        yield house


def days(house: Warehouse, table: str) -> list[tuple]:
    return house.rows(f"select event_date, count(*) from marts.{table} group by 1 order by 1")


JANUARY = {day: dt.date(2026, 1, day) for day in range(1, 32)}


def test_without_any_delivery_everything_builds_and_is_empty(house: Warehouse) -> None:
    house = replace(house, only=())
    house.run("land", "--prepare")
    house.build()
    results = house.parity()
    assert len(results) >= 8
    assert all(result["equal"] and result["rows"] == 0 for result in results)


def test_a_day_that_loses_its_only_event_is_cleared(house: Warehouse) -> None:
    deliver(house, 10, [event("a", "2026-01-01T10:00:00Z"), event("b", "2026-01-03T10:00:00Z")])
    build(house)
    for table in ("fct_ad_events", "fct_ad_events_daily", "fct_publisher_performance"):
        assert days(house, table) == [(JANUARY[1], 1), (JANUARY[3], 1)]
    deliver(house, 11, [event("a", "2026-01-02T10:00:00Z")])
    build(house)
    for table in ("fct_ad_events", "fct_ad_events_daily", "fct_publisher_performance"):
        assert days(house, table) == [(JANUARY[2], 1), (JANUARY[3], 1)]
    build(house)
    assert days(house, "fct_ad_events_daily") == [(JANUARY[2], 1), (JANUARY[3], 1)]


def test_the_last_delivery_counts_whichever_is_built_last(house: Warehouse) -> None:
    """Corrections of corrections, NULL twice, an older delivery that arrives last: every reading of the revenue."""
    deliver(house, 10, [event("a", "2026-01-01T10:00:00Z", 1.000001), event("n", "2026-01-01T11:00:00Z", None)])
    deliver(house, 12, [event("A ", "2026-01-01T10:00:00Z", None)])
    build(house)
    readings = (
        "select event_id, revenue_usd, revenue_usd_as_delivered, is_settled, record_count from marts.fct_ad_events"
    )
    assert house.rows(f"{readings} order by 1") == [
        ("a", Decimal("1.000001"), Decimal(0), False, 2),
        ("n", Decimal(0), Decimal(0), False, 1),
    ]
    deliver(house, 11, [event("a", "2026-01-01T10:00:00Z", 2.5), event("n", "2026-01-01T11:00:00Z", "oops")])
    build(house)
    assert house.rows(f"{readings} order by 1") == [
        ("a", Decimal("2.5"), Decimal(0), False, 3),
        ("n", Decimal(0), Decimal(0), False, 2),
    ]
    assert house.rows("select event_id from marts.fct_ad_events where has_unparsable_revenue") == [("n",)]
    deliver(house, 13, [event("a", "2026-01-01T10:00:00Z", 0.75)])
    build(house)
    assert house.rows(f"{readings} where event_id = 'a'") == [("a", Decimal("0.75"), Decimal("0.75"), True, 4)]


def test_dimensions_that_arrive_late_move_the_reporting_day(house: Warehouse) -> None:
    """03:00 UTC is the evening before in New York; no known zone is UTC; a later zone holds from then on."""
    moment = "2026-01-05T03:00:00Z"
    deliver(house, 10, [event(str(publisher), moment, publisher_id=publisher) for publisher in (1, 2, 3)])
    build(house)
    query = "select publisher_id, event_date, reporting_date from marts.fct_ad_events order by 1"
    assert house.rows(query) == [(p, JANUARY[5], JANUARY[5]) for p in ("1", "2", "3")]
    deliver(house, 11, publishers=PUBLISHERS)
    build(house)
    expected = [("1", JANUARY[5], JANUARY[4]), ("2", JANUARY[5], JANUARY[5]), ("3", JANUARY[5], JANUARY[5])]
    assert house.rows(query) == expected
    assert house.rows(query.replace("fct_ad_events", "fct_ad_events_daily")) == expected
    deliver(house, 12, publishers=PUBLISHERS.replace("America/New_York", "Asia/Tokyo"))
    deliver(house, 13, [event("4", "2026-01-12T20:00:00Z", publisher_id=1)])
    build(house)
    assert house.rows(query) == [expected[0], ("1", JANUARY[12], JANUARY[13]), *expected[1:]]


def test_a_record_that_is_set_aside_replaces_nothing(house: Warehouse) -> None:
    house = replace(house, only=("fct_ad_events", "fct_ad_events_set_aside", "fct_ad_event_records"))
    deliver(house, 10, [event("a", "2026-01-01T10:00:00Z", 1)])
    deliver(house, 11, [event("a", "2026-02-30T10:00:00Z", 9), event("", "2026-01-01T10:00:00Z", 8)])
    build(house)
    assert house.rows("select event_id, revenue_usd from marts.fct_ad_events") == [("a", Decimal(1))]
    assert house.rows("select set_aside_reason, revenue_usd from marts.fct_ad_events_set_aside order by 1") == [
        ("missing_event_id", Decimal(8)),
        ("unparsable_timestamp", Decimal(9)),
    ]
    assert house.rows(
        "select records_current, records_replaced_by_delivery, records_set_aside, "
        "revenue_usd_current, revenue_usd_set_aside "
        "from quality.fct_ad_event_records order by _delivery_id"
    ) == [(1, 0, 0, Decimal(1), Decimal(0)), (0, 0, 2, Decimal(0), Decimal(17))]


def test_invalid_revenue_is_named_and_stays(house: Warehouse) -> None:
    deliver(
        house,
        10,
        [
            event("a", "2026-01-01T10:00:00Z", -1),
            event("b", "2026-01-01T10:00:00Z", 2, is_filled=False),
            event("c", "2026-01-01T10:00:00Z", 4, event_type="Video"),
            event("d", "2026-01-01T10:00:00Z", 8, event_type=" IMPRESSION "),
        ],
    )
    build(house)
    assert house.rows("select event_id, invalid_record_reason from marts.fct_ad_events order by 1") == [
        ("a", "negative_revenue"),
        ("b", "revenue_on_unfilled"),
        ("c", "unknown_event_type"),
        ("d", None),
    ]
    measures = "select sum(impressions), sum(filled_impressions), sum(revenue_usd), sum(revenue_usd_invalid_records)"
    assert house.rows(f"{measures} from marts.fct_ad_events_daily") == [(3, 2, Decimal(13), Decimal(5))]


def test_geography_is_read_in_its_three_shapes(house: Warehouse) -> None:
    deliver(
        house,
        10,
        [
            event("a", "2026-01-01T10:00:00Z", country_code="us", region="ca"),
            event("b", "2026-01-01T10:00:00Z", geo_country="DE", geo_region="BE"),
            event("c", "2026-01-01T10:00:00Z", geo={"country": "gb", "region": "eng", "city": "London"}),
            event("d", "2026-01-01T10:00:00Z", geo={"country": None}),
            event("e", "2026-01-01T10:00:00Z"),
        ],
    )
    build(house)
    assert house.rows("select event_id, country_code, region, city from marts.fct_ad_events order by 1") == [
        ("a", "US", "CA", None),
        ("b", "DE", "BE", None),
        ("c", "GB", "ENG", "London"),
        ("d", None, None, None),
        ("e", None, None, None),
    ]


def test_campaign_exports_are_read_in_every_dialect(house: Warehouse) -> None:
    house = replace(house, only=("dim_campaigns",))
    deliver(
        house,
        10,
        campaigns="campaign_id;campaign_name;campaign_start_date;end_date;campaign_budget_usd;targeting_countries\n"
        '7.0;"Gebühr; neu";31/01/2026;2026-02-28;"1.234.567,50";"US; ca"\n'
        "8;Second;2026-01-31;12/31/2026;$2,000.00;\n"
        "8;Second again;2026-01-31;;n/a;US\n",
    )
    build(house)
    columns = "campaign_id, campaign_name, start_date, end_date, budget_usd, country_targeting"
    assert house.rows(f"select {columns} from marts.dim_campaigns order by 1") == [
        ("7", "Gebühr; neu", JANUARY[31], dt.date(2026, 2, 28), Decimal("1234567.5"), "US,CA"),
        ("8", "Second again", JANUARY[31], None, None, "US"),
    ]
    assert house.rows(
        "select budget_as_delivered, budget_usd, end_date_as_delivered, end_date "
        "from staging.stg_ad_serving__campaigns where campaign_name like 'Second%' order by _source_row"
    ) == [("$2,000.00", Decimal(2000), "12/31/2026", dt.date(2026, 12, 31)), ("n/a", None, None, None)]
