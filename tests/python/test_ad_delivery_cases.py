"""Deliveries of the ad delivery database written by hand, with what must come out worked out by hand."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import clickhouse_connect
import duckdb
import pytest

from support.ad_delivery import advertiser, campaign, deleted, deliver, event, events
from support.dbt import BuildError
from support.drops import build, keep
from support.warehouse import Warehouse, landed_again, warehouse

EDITED, POLLED, ONE_COMMIT, BACK, RETURNS, PRICED, IDLE, UNORDERED, NOT_A_NUMBER, GONE, MIDNIGHT, CORRECTED = range(
    10, 22
)
EVER = dt.datetime(1900, 1, 1)

FIRST = {
    "advertiser": [advertiser(1, name="Acme"), advertiser(2), advertiser(3)],
    "campaign": [
        *(campaign(key) for key in (EDITED, POLLED, ONE_COMMIT, BACK, RETURNS, UNORDERED, MIDNIGHT, CORRECTED)),
        campaign(PRICED, bid="2.00", budget="0.03", start_date="2025-12-31", end_date="2026-01-20"),
        campaign(IDLE, start_date="2026-01-05", updated_at="2026-01-01 12:00"),
        campaign(NOT_A_NUMBER, bid="NaN", end_date="9999-12-31"),
        campaign(GONE, advertiser_id=2, bid="10.00"),
    ],
    "impressions": [
        event(1, "2025-12-20 10:00", PRICED),  # deleted: its day is empty
        event(2, "2026-01-01 10:00", PRICED),  # moves to another campaign
        event(3, "2025-12-21 10:59:59.999999", EDITED),  # moves to another day
        event(4, "2026-01-02 00:00", None),
        event(5, None, PRICED),
        event(6, None, EDITED),  # its time is filled in
        event(7, "2026-01-02 23:59:59.999999", EDITED),  # loses its time
        event(8, "2026-01-02 08:00", EDITED),  # deleted, and there again
        *events(range(100, 103), "2026-01-01 12:00", PRICED),
        event(110, "2026-01-01 12:30", NOT_A_NUMBER),
        event(111, "2026-01-01 13:00", GONE),
        event(112, None, GONE),  # deleted without ever having had a day
        event(113, None, None, _unmapped='{"created_at": "infinity"}'),
    ],
    "clicks": [event(1, "2026-01-01 12:00", PRICED), event(2, "2026-01-01 12:59", PRICED), event(3, None, PRICED)],
}
SECOND = {
    "campaign": [
        campaign(
            PRICED,
            bid="3.00",
            budget="0.03",
            start_date="2025-12-31",
            end_date="2026-01-20",
            changed_at="2026-01-03 12:00",
        ),
        campaign(MIDNIGHT, bid="2.00", changed_at="2026-01-04 00:00"),
    ],
    "impressions": [
        event(9, "2025-12-23 10:00", PRICED, changed_at="2026-01-03 10:00"),  # gone in the third
        deleted(8, changed_at="2026-01-03 11:00"),
        event(10, "2026-01-04 05:00", MIDNIGHT, changed_at="2026-01-03 12:00"),
        event(10, "2026-01-03 05:00", MIDNIGHT, changed_at="2026-01-03 12:00"),  # the last record of a delivery counts
        event(11, "2026-01-04 06:00", MIDNIGHT, changed_at="2026-01-03 12:00"),
    ],
}
THIRD = {
    "advertiser": [
        deleted(3, changed_at="2026-01-05 10:00"),
        advertiser(4, changed_at="2026-01-05 10:00"),
        deleted(4, changed_at="2026-01-05 10:00"),  # never to be seen
    ],
    "campaign": [
        *(campaign(EDITED, bid=f"1.{n}0", changed_at=f"2026-01-05 0{n}:00") for n in range(1, 6)),
        campaign(ONE_COMMIT, bid="3.00", changed_at="2026-01-05 03:00"),
        campaign(ONE_COMMIT, bid="4.00", changed_at="2026-01-05 03:00"),
        campaign(BACK, bid="2.00", changed_at="2026-01-05 01:00"),
        campaign(BACK, bid="1.00", changed_at="2026-01-05 02:00"),
        deleted(RETURNS, changed_at="2026-01-05 01:00"),
        campaign(RETURNS, changed_at="2026-01-05 09:00"),
        campaign(UNORDERED, bid="2.00", changed_at="2026-01-05 05:00"),
        campaign(UNORDERED, bid="3.00", changed_at="2026-01-05 04:00"),
    ],
    "impressions": [
        deleted(1, changed_at="2026-01-05 07:00"),
        event(2, "2026-01-01 10:00", EDITED, changed_at="2026-01-05 07:00"),
        event(3, "2025-12-22 11:00", EDITED, changed_at="2026-01-05 07:00"),
        event(6, "2026-01-02 09:00", EDITED, changed_at="2026-01-05 07:00"),
        event(7, None, EDITED, changed_at="2026-01-05 07:00"),
        event(8, "2026-01-02 08:00", EDITED, changed_at="2026-01-05 07:00"),
        deleted(9, changed_at="2026-01-05 07:00"),
        deleted(112, changed_at="2026-01-05 07:00"),
        *events(range(120, 122), "2026-01-03 12:00", PRICED),
        event(122, "2026-01-05 12:00", PRICED),
    ],
}
FOURTH = {
    "campaign": [
        campaign(PRICED, bid="5.50", budget="0.03", start_date="2025-12-31", end_date="2026-01-20"),
        campaign(POLLED, bid="1.50"),  # the last of five edits
        campaign(IDLE, start_date="2026-01-05", updated_at="2026-01-07 12:00"),  # nothing else has changed
        campaign(CORRECTED, name="of another advertiser", advertiser_id=2),
        deleted(GONE),
    ],
    "impressions": [
        *events(range(130, 134), "2026-01-08 01:00", PRICED),
        deleted(111),
        event(140, "2026-01-08 02:00", GONE),
    ],
    "clicks": [deleted(2), event(4, "2026-01-08 01:00", PRICED)],
}
# what PostgreSQL holds after the third and the fourth: the second arrives after the third
AFTER_THIRD = {"advertiser": 2, "campaign": 12, "impressions": 18, "clicks": 3}


class Cases(NamedTuple):
    first: Warehouse
    """after the first delivery"""
    third: Warehouse
    """after the third, which arrives before the second"""
    last: Warehouse
    at_once: dict[str, list[tuple]]
    """what is published of all deliveries built at once"""
    unreconciled: BuildError
    """what dbt says while the second is missing"""
    unaccounted: list[str]
    """what dbt says of each engine when a record is lost from staging"""


@pytest.fixture(scope="module")
def cases() -> Iterator[Cases]:
    with warehouse("ad_delivery") as house:
        deliver(house, 2, **FIRST)
        build(house)
        first = keep(house, "first")
        deliver(house, 6, mode="cdc", source_rows=AFTER_THIRD, **THIRD)
        build(house)
        third = keep(house, "third")
        with pytest.raises(BuildError) as unreconciled:
            house.dbt(
                "dev", "test", "--select", "assert_warehouse_holds_the_source_rows", "assert_facts_hold_the_source_rows"
            )
        deliver(house, 4, mode="cdc", **SECOND)
        deliver(house, 8, **FOURTH)
        house.build()
        with landed_again(house) as other:
            build(other)
            at_once = other.published()
            lose_a_record(other)
            unaccounted = []
            for target in ("dev", "prod"):
                with pytest.raises(BuildError) as missed:
                    other.dbt(target, "build", "--select", "fct_ad_delivery_event_records")
                unaccounted.append(str(missed.value))
        yield Cases(first, third, house, at_once, unreconciled.value, unaccounted)


def lose_a_record(house: Warehouse) -> None:
    lost = "stg_ad_delivery__impressions where impression_id = 100"
    with duckdb.connect(str(house.duckdb)) as connection:
        connection.execute(f"delete from staging.{lost}")
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client:
        client.command(f"delete from {house.prefix}_staging.{lost}")


def money(text: str) -> Decimal:
    return Decimal(text).quantize(Decimal("0.000001"))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def hours(house: Warehouse, condition: str = "true") -> list[tuple]:
    return house.rows(
        "select campaign_id, strftime(event_date, '%Y-%m-%d'), hour, impressions, clicks "
        f"from marts.fct_ad_delivery_hourly where {condition} order by event_date, hour, campaign_id nulls last"
    )


def versions(house: Warehouse, campaign_id: int) -> list[tuple[Any, ...]]:
    return house.rows(
        "select bid_usd, valid_from, valid_to, is_current from marts.dim_ad_delivery_campaigns_history "
        f"where campaign_id = {campaign_id} order by version_number"
    )


def bids(house: Warehouse, campaign_id: int) -> list[Decimal]:
    return [bid for bid, *_ in versions(house, campaign_id)]


def test_each_event_counts_once_where_its_newest_record_says(cases: Cases) -> None:
    assert hours(cases.last) == [
        (EDITED, "2025-12-22", 11, 1, 0),
        (EDITED, "2026-01-01", 10, 1, 0),
        (PRICED, "2026-01-01", 12, 3, 1),
        (NOT_A_NUMBER, "2026-01-01", 12, 1, 0),
        (None, "2026-01-02", 0, 1, 0),
        (EDITED, "2026-01-02", 8, 1, 0),
        (EDITED, "2026-01-02", 9, 1, 0),
        (MIDNIGHT, "2026-01-03", 5, 1, 0),
        (PRICED, "2026-01-03", 12, 2, 0),
        (MIDNIGHT, "2026-01-04", 6, 1, 0),
        (PRICED, "2026-01-05", 12, 1, 0),
        (PRICED, "2026-01-08", 1, 4, 1),
        (GONE, "2026-01-08", 2, 1, 0),
    ]


def test_a_day_whose_only_event_is_deleted_or_moved_is_empty(cases: Cases) -> None:
    emptied = "event_date <= '2025-12-21'"
    assert hours(cases.first, emptied) == [(PRICED, "2025-12-20", 10, 1, 0), (EDITED, "2025-12-21", 10, 1, 0)]
    assert hours(cases.third, emptied) == []
    assert cases.last.rows("select count(*) from marts.fct_ad_delivery_daily where event_date < '2025-12-22'") == [(0,)]


def test_a_deletion_that_arrives_before_its_event_counts(cases: Cases) -> None:
    assert cases.third.rows("select count(*) from staging.stg_ad_delivery__impressions where impression_id = 9") == [
        (1,)
    ]
    assert cases.last.rows("select count(*) from staging.stg_ad_delivery__impressions where impression_id = 9") == [
        (2,)
    ]
    assert hours(cases.last, "event_date = '2025-12-23'") == []


def test_events_without_a_time_are_set_aside(cases: Cases) -> None:
    query = "select event_id, campaign_id, _unmapped from marts.fct_ad_delivery_set_aside order by event_id"
    why = "select set_aside_reason, event_type || 's' = _source_file from marts.fct_ad_delivery_set_aside group by all"
    assert cases.last.rows(why) == [("unparsable_timestamp", True)]
    click = ("click-3", PRICED, None)
    unmapped = ("impression-113", None, '{"created_at": "infinity"}')
    assert cases.first.rows(query) == [
        click,
        ("impression-112", GONE, None),
        unmapped,
        ("impression-5", PRICED, None),
        ("impression-6", EDITED, None),
    ]
    assert cases.last.rows(query) == [click, unmapped, ("impression-5", PRICED, None), ("impression-7", EDITED, None)]


def test_each_record_is_current_replaced_deleted_or_set_aside(cases: Cases) -> None:
    fates = ("landed", "current", "replaced", "deleted", "set_aside")
    accounted = cases.last.rows(
        f"select day(_delivered_at), _source_file, {', '.join(f'records_{fate}' for fate in fates)} "
        "from quality.fct_ad_delivery_event_records order by 1, 2 desc"
    )
    assert accounted == [
        (2, "impressions", 15, 5, 8, 0, 2),
        (2, "clicks", 3, 1, 1, 0, 1),
        (4, "impressions", 5, 2, 3, 0, 0),  # the deletion of 8 is replaced too: 8 is there again
        (6, "impressions", 11, 7, 0, 3, 1),
        (8, "impressions", 6, 5, 0, 1, 0),
        (8, "clicks", 2, 1, 0, 1, 0),
    ]


def test_a_record_that_staging_lost_is_missed(cases: Cases) -> None:
    for told in cases.unaccounted:
        assert "accounts_for_every_record is not true: 1" in told


def test_five_edits_are_five_versions_by_cdc_and_one_by_comparing(cases: Cases) -> None:
    moments = [EVER, *(at(f"2026-01-05 0{n}:00") for n in range(1, 6)), None]
    assert versions(cases.last, EDITED) == [(money(f"1.{n}0"), moments[n], moments[n + 1], n == 5) for n in range(6)]
    assert versions(cases.last, POLLED) == [
        (money("1.00"), EVER, at("2026-01-08 06:00"), False),
        (money("1.50"), at("2026-01-08 06:00"), None, True),
    ]


def test_of_edits_of_one_moment_the_last_counts(cases: Cases) -> None:
    changed = at("2026-01-05 03:00")
    assert versions(cases.last, ONE_COMMIT) == [(money("1"), EVER, changed, False), (money("4"), changed, None, True)]
    latest = at("2026-01-05 05:00")
    assert versions(cases.last, UNORDERED) == [(money("1"), EVER, latest, False), (money("3"), latest, None, True)]


def test_a_bid_that_comes_back_is_a_version_of_its_own(cases: Cases) -> None:
    assert bids(cases.last, BACK) == [money("1"), money("2"), money("1")]


def test_a_deletion_ends_a_version_and_a_row_that_comes_back_begins_one(cases: Cases) -> None:
    assert versions(cases.last, RETURNS) == [
        (money("1"), EVER, at("2026-01-05 01:00"), False),
        (money("1"), at("2026-01-05 09:00"), None, True),
    ]
    assert versions(cases.last, GONE) == [(money("10"), EVER, at("2026-01-08 06:00"), False)]
    assert cases.last.rows(
        "select campaign_id, bid_usd, deleted_at from marts.dim_ad_delivery_campaigns where is_deleted"
    ) == [(GONE, money("10"), at("2026-01-08 06:00"))]
    assert cases.last.rows(
        "select advertiser_id, advertiser_name, is_deleted, deleted_at "
        "from marts.dim_ad_delivery_advertisers order by 1"
    ) == [
        (1, "Acme", False, None),
        (2, "advertiser 2", False, None),
        (3, "advertiser 3", True, at("2026-01-05 10:00")),
    ]


def test_a_version_that_arrives_late_takes_its_place(cases: Cases) -> None:
    assert bids(cases.third, PRICED) == [money("2")]
    changes = [EVER, at("2026-01-03 12:00"), at("2026-01-08 06:00"), None]
    assert versions(cases.last, PRICED) == [
        (money(bid), changes[n], changes[n + 1], n == 2) for n, bid in enumerate(["2", "3", "5.5"])
    ]


def test_updated_at_alone_begins_no_version(cases: Cases) -> None:
    query = f"from marts.dim_ad_delivery_campaigns_history where campaign_id = {IDLE}"
    assert cases.last.rows(f"select version_number, updated_at {query}") == [(1, at("2026-01-07 12:00"))]


def test_spend_is_under_the_bid_at_the_end_of_each_day(cases: Cases) -> None:
    priced = cases.last.rows(
        "select event_date, impressions, clicks, ctr, bid_usd, spend_usd, spend_usd_to_date, budget_left_usd, "
        f"is_in_flight from marts.fct_ad_delivery_daily where campaign_id = {PRICED} order by event_date"
    )
    assert priced == [
        (day(date), impressions, clicks, ctr, *map(money, amounts), True)
        for date, impressions, clicks, ctr, *amounts in [
            ("2025-12-31", 0, 0, None, "2", "0", "0", "0.03"),
            ("2026-01-01", 3, 1, 1 / 3, "2", "0.006", "0.006", "0.024"),
            ("2026-01-02", 0, 0, None, "2", "0", "0.006", "0.024"),
            ("2026-01-03", 2, 0, 0.0, "3", "0.006", "0.012", "0.018"),
            ("2026-01-04", 0, 0, None, "3", "0", "0.012", "0.018"),
            ("2026-01-05", 1, 0, 0.0, "3", "0.003", "0.015", "0.015"),
            ("2026-01-06", 0, 0, None, "3", "0", "0.015", "0.015"),
            ("2026-01-07", 0, 0, None, "3", "0", "0.015", "0.015"),
            ("2026-01-08", 4, 1, 0.25, "5.5", "0.022", "0.037", "-0.007"),
        ]
    ]


def test_a_bid_that_begins_at_midnight_is_of_the_next_day(cases: Cases) -> None:
    assert cases.last.rows(
        "select event_date, bid_usd, spend_usd from marts.fct_ad_delivery_daily "
        f"where campaign_id = {MIDNIGHT} and impressions > 0 order by event_date"
    ) == [(day("2026-01-03"), money("1"), money("0.001")), (day("2026-01-04"), money("2"), money("0.002"))]


def test_a_campaign_without_activity_has_its_days(cases: Cases) -> None:
    assert cases.last.rows(
        "select event_date, impressions, ctr, spend_usd, budget_left_usd from marts.fct_ad_delivery_daily "
        f"where campaign_id = {IDLE} order by event_date"
    ) == [(day(f"2026-01-0{n}"), 0, None, money("0"), money("100")) for n in range(5, 9)]


def test_days_out_of_flight_have_a_row_only_with_activity(cases: Cases) -> None:
    query = "select event_date, impressions, bid_usd, spend_usd, is_in_flight from marts.fct_ad_delivery_daily where "
    assert cases.last.rows(f"{query} campaign_id is null") == [(day("2026-01-02"), 1, None, money("0"), False)]
    assert cases.last.rows(f"{query} campaign_id = {GONE}") == [
        (day("2026-01-08"), 1, money("10"), money("0.01"), True)
    ]
    assert cases.last.rows(f"{query} campaign_id = {EDITED} and not is_in_flight") == [
        (day("2025-12-22"), 1, money("1"), money("0.001"), False)
    ]
    assert cases.last.rows(
        f"{query} campaign_id = {NOT_A_NUMBER} and event_date <= '2026-01-02' order by event_date"
    ) == [
        (day("2026-01-01"), 1, None, money("0"), True),
        (day("2026-01-02"), 0, None, money("0"), True),
    ]


def test_rows_are_counted_as_of_each_delivery(cases: Cases) -> None:
    assert cases.last.rows(
        "select day(_delivered_at), mode, table_name, source_rows, warehouse_rows "
        "from marts.fct_ad_delivery_extractions "
        "where table_name in ('campaign', 'impressions') order by _delivery_id, table_name"
    ) == [
        (2, "compare", "campaign", 12, 12),
        (2, "compare", "impressions", 15, 15),
        (4, "cdc", "campaign", 12, 12),
        (4, "cdc", "impressions", 17, 17),
        (6, "cdc", "campaign", 12, 12),
        (6, "cdc", "impressions", 18, 18),
        (8, "compare", "campaign", 11, 11),
        (8, "compare", "impressions", 22, 22),
    ]


def test_tests_fail_while_a_delivery_is_missing(cases: Cases) -> None:
    assert "assert_warehouse_holds_the_source_rows" in str(cases.unreconciled)
    assert "assert_facts_hold_the_source_rows" in str(cases.unreconciled)


def test_neither_order_nor_number_of_builds_matters(cases: Cases) -> None:
    assert cases.last.differences() == []
    published = cases.last.published()
    assert published.keys() >= {
        "dim_ad_delivery_advertisers",
        "dim_ad_delivery_campaigns_history",
        "fct_ad_delivery_daily",
        "fct_ad_delivery_hourly",
    }
    assert cases.at_once == published
