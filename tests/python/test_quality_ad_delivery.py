"""Rules of ad delivery: what each must find and a look-alike that it must not, built without the other sources."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from support.ad_delivery import advertiser, campaign, deleted, deliver, event, events
from support.dashboard import TARGETS, assert_deliveries_are_shown
from support.drops import NO_TESTS
from support.readings import on_both_engines
from support.warehouse import Warehouse, warehouse

FIRST = {
    "advertiser": [advertiser(1), advertiser(2), advertiser(3), advertiser(4)],
    "campaign": [
        campaign(10, _unmapped='{"colour": "red"}'),
        campaign(11, advertiser_id=9),  # nobody knows 9
        campaign(12, advertiser_id=9),  # deleted afterwards
        campaign(13, bid="NaN", end_date="infinity"),
        campaign(14, bid=None, end_date=None),
        campaign(20),  # clicks above impressions
        campaign(21, start_date="2026-01-05", end_date="2026-01-07"),
        campaign(22, start_date="2026-01-17"),
        campaign(23, start_date="2026-01-16"),
        campaign(24, bid="1000.00", budget="2.00"),  # a dollar an impression
        campaign(25, bid="1000.00", budget="2.00"),
        campaign(26, bid="1000.00", budget="1.00"),
        campaign(27, bid="1000.00", budget="3.00"),
        campaign(28, bid="1000.00", budget="2.00"),  # above it on the second of two days
        campaign(30, advertiser_id=3),  # which is deleted
        campaign(31, advertiser_id=4),  # deleted with its advertiser
        campaign(32),  # deleted with events left
        campaign(40, updated_at="2026-01-09 12:00"),
        campaign(41, updated_at="2026-01-09 12:00"),
        campaign(42),
    ],
    "impressions": [
        event(1, "2026-01-08 10:00", 10),
        event(2, "2026-01-08 10:00", 99),  # no such campaign
        event(3, "2026-01-08 10:00", None),
        event(4, None, 10),
        event(5, None, 10),  # its time is filled in afterwards
        event(6, "2026-01-10 06:00:00.000001", 10),  # a microsecond after the delivery
        event(7, "2026-01-10 06:00", 10),
        event(9, "2026-01-10 07:00", 10),
        event(8, "2026-01-08 11:00", 99),  # deleted afterwards
        *events(range(100, 107), "2026-01-05 10:00", 20),  # a click more than these seven
        *events(range(107, 113), "2026-01-06 10:00", 20),
        *events(range(113, 115), "2026-01-06 23:30", 20),  # can be clicked on the day after
        *events(range(115, 121), "2026-01-07 10:00", 20),
        *events(range(121, 127), "2026-01-08 10:00", 20),  # seven clicks say nothing
        event(130, "2026-01-07 23:59:59", 21),
        event(131, "2026-01-08 00:00", 21),
        event(132, "2026-01-08 23:59", 22),  # nine days before the start
        event(133, "2026-01-08 10:00", 23),  # eight
        event(134, "2026-01-08 10:00", 13),  # of the campaign whose bid is NaN
        *events(range(140, 143), "2026-01-08 10:00", 24),
        *events(range(143, 145), "2026-01-08 10:00", 25),
        *events(range(145, 147), "2026-01-08 10:00", 26),  # above the budget that is raised afterwards
        *events(range(147, 150), "2026-01-08 10:00", 27),  # above the budget that is cut afterwards
        *events(range(150, 152), "2026-01-08 10:00", 32),
        event(153, "2026-01-07 10:00", 28),
        *events(range(154, 156), "2026-01-08 10:00", 28),
        event(160, "2026-01-08 10:00", 10),  # moved to another campaign
        event(161, "2026-01-08 10:00", 10),  # moved by an hour
        event(162, "2026-01-08 10:00", 10),  # comes again as it was
        event(163, "2026-01-08 10:00", 10),  # deleted and made anew
        event(164, "2025-12-01 10:00", 10),  # long before the first run
    ],
    "clicks": [
        *events(range(1, 9), "2026-01-05 10:01", 20),
        *events(range(11, 18), "2026-01-06 10:01", 20),
        *events(range(21, 29), "2026-01-07 10:01", 20),
        *events(range(31, 38), "2026-01-08 10:01", 20),
    ],
}
SECOND = {
    "advertiser": [advertiser(1, name="renamed"), deleted(3), deleted(4)],
    "campaign": [
        deleted(12),
        campaign(14, bid=None, end_date=None, updated_at="2026-01-10 12:00"),
        campaign(26, bid="1000.00", budget="9.00", updated_at="2026-01-10 12:00"),
        campaign(27, bid="1000.00", budget="2.00", updated_at="2026-01-10 12:00"),
        deleted(31),
        deleted(32),
        campaign(40, bid="2.00", updated_at="2026-01-09 12:00"),
        campaign(40, bid="3.00", updated_at="2026-01-09 12:00"),
        campaign(41, bid="2.00", updated_at="2026-01-10 12:00"),
        campaign(42),
    ],
    "impressions": [
        event(160, "2026-01-08 10:00", 14),
        event(161, "2026-01-08 11:00", 10),
        event(162, "2026-01-08 10:00", 10),
        deleted(163),
        event(163, "2026-01-09 10:00", 10),
        event(170, "2026-01-01 23:59", 10),  # the run before was on the tenth: nine days
        event(171, "2026-01-01 08:00", 10),
        event(172, "2026-01-02 00:00", 10),  # eight
        event(5, "2026-01-09 10:00", 10),
        deleted(8),
        event(20, "2026-01-08 12:00", 10),  # of a day that was published
        event(21, "2026-01-10 12:00", 10),  # of the day that was not over
    ],
    "clicks": [event(20, "2026-01-08 12:01", 10)],
}
THIRD = {"impressions": [event(30, "2026-01-11 12:00", 10)], "clicks": [event(40, "2026-01-11 12:00", 10)]}

EXPECTED = {
    "rejected_record": set(),
    "unreadable_time": {"impression-4", "impression-5"},
    "time_after_delivery": {"impression-6", "impression-9"},
    "unmapped_columns": {"first/campaign/colour"},
    "unreadable_value": {"campaigns/13/bid_usd", "campaigns/13/end_date"},
    "late_events": {"second|2026-01-08"},
    "dimension_changed": {
        "advertisers/1/second",
        *(f"campaigns/{campaign_id}/second" for campaign_id in (26, 27, 40, 41)),
    },
    "unknown_campaign": {"impression-2", "impression-3"},
    "unknown_advertiser": {"campaigns/11"},
    "extraction_not_reconciled": {"impressions/third"},
    "changes_missing": {"clicks/third"},
    "clicks_above_impressions": {"20|2026-01-05"},
    "out_of_flight": {"21|2026-01-08", "22|2026-01-08"},
    "over_budget": {"24", "26", "27", "28"},
    "unpriced_impressions": {"13|2026-01-08", "14|2026-01-08"},
    "deleted_reference": {"campaigns/32", "advertisers/3"},
    "back_dated": {"second|2026-01-01"},
    "silent_edit": {"advertisers/1/second", "campaigns/40/second", "impression-160", "impression-161"}
    | {"impression-5"},  # whose time was filled in
}


@pytest.fixture(scope="module")
def built() -> Iterator[tuple[Warehouse, dict[str, str]]]:
    """The warehouse, and the deliveries' names by id."""
    with warehouse("ad_delivery") as house:
        ids = {
            deliver(house, 10, **FIRST): "first",
            deliver(house, 11, **SECOND): "second",
            deliver(house, 12, **THIRD, source_rows={"impressions": 99}, new_rows={"clicks": 4}): "third",
        }
        house.build(*NO_TESTS, "--select", "source:ad_delivery+")
        yield house, ids


@pytest.fixture(scope="module")
def found(built: tuple[Warehouse, dict[str, str]]) -> dict[str, dict[str, tuple]]:
    """Observed, expected, records, whether open: by rule and key, with deliveries by their names."""
    house, ids = built
    findings: dict[str, dict[str, tuple]] = {}
    for rule, key, *told in house.rows(
        "select rule_id, finding_key, observed, expected, record_count, is_open from quality.fct_dq_findings "
        "where source = 'ad_delivery'"
    ):
        for delivery, name in ids.items():
            key = key.replace(delivery, name)
        findings.setdefault(rule.removeprefix("ad_delivery__"), {})[key] = tuple(told)
    return findings


@pytest.mark.parametrize("rule", EXPECTED)
def test_a_rule_finds_its_cases_and_no_look_alike(found: dict[str, dict[str, tuple]], rule: str) -> None:
    assert found.get(rule, {}).keys() == EXPECTED[rule]


def test_every_rule_has_a_case(built: tuple[Warehouse, dict[str, str]]) -> None:
    rules = built[0].rows("select rule_id from quality.dim_dq_rules where source = 'ad_delivery'")
    assert {rule.removeprefix("ad_delivery__") for (rule,) in rules} == EXPECTED.keys()


def test_findings_are_the_same_on_both_engines(built: tuple[Warehouse, dict[str, str]]) -> None:
    for result in built[0].parity("--select", "fct_dq_findings", "fct_ad_delivery_events"):
        assert result["equal"], result


@pytest.mark.parametrize(
    ("rule", "key", "told"),
    [
        ("unreadable_time", "impression-4", (None, "a time", 1, True)),
        ("unreadable_time", "impression-5", (None, "a time", 1, False)),
        (
            "time_after_delivery",
            "impression-9",
            ("2026-01-10 07:00:00.000000", "a time before the delivery", 1, True),
        ),
        ("unreadable_value", "campaigns/13/bid_usd", ("NaN", "a readable bid_usd", 1, True)),
        ("late_events", "second|2026-01-08", ("2 events", "none once the day was published", 2, True)),
        (
            "dimension_changed",
            "advertisers/1/second",
            ("advertiser_name=renamed", "advertiser_name=advertiser 1", 1, True),
        ),
        ("unknown_campaign", "impression-2", ("99", "one of dim_ad_delivery_campaigns", 1, True)),
        ("changes_missing", "clicks/third", ("1 records", "4 changes", 3, True)),
        ("clicks_above_impressions", "20|2026-01-05", ("8 clicks", "at most 7", 8, True)),
        ("out_of_flight", "21|2026-01-08", ("after the end", "2026-01-05 to 2026-01-07", 1, True)),
        ("out_of_flight", "22|2026-01-08", ("before the start", "2026-01-17 to ", 1, True)),
        ("over_budget", "24", ("over budget then and now", "2", 3, True)),
        ("over_budget", "26", ("over budget then, hidden by a later change of the campaign", "9", 2, True)),
        ("over_budget", "27", ("over the budget of now, not over the one that held then", "2", 3, True)),
        ("deleted_reference", "campaigns/32", ("2 events name a deleted row", "a row that exists", 2, True)),
        ("deleted_reference", "advertisers/3", ("1 campaigns name a deleted row", "a row that exists", 1, True)),
        (
            "back_dated",
            "second|2026-01-01",
            ("2 events written on 2026-01-10 or later", "at most 8 days before they are written", 2, True),
        ),
        ("silent_edit", "campaigns/40/second", ("bid_usd=2,bid_usd=3", "bid_usd=1,bid_usd=2", 2, True)),
        ("silent_edit", "impression-160", ("campaign_id=14", "campaign_id=10", 1, True)),
        (
            "silent_edit",
            "impression-161",
            ("event_time=2026-01-08 11:00:00.000000", "event_time=2026-01-08 10:00:00.000000", 1, True),
        ),
    ],
)
def test_a_finding_tells_what_is_there_and_what_was_expected(
    found: dict[str, dict[str, tuple]], rule: str, key: str, told: tuple
) -> None:
    assert found[rule][key] == told


def test_what_a_day_out_of_flight_or_over_the_budget_cost(built: tuple[Warehouse, dict[str, str]]) -> None:
    assert built[0].rows(
        "select finding_key, impact_amount, impact_currency from quality.fct_dq_findings "
        "where rule_id in ('ad_delivery__out_of_flight', 'ad_delivery__over_budget') order by rule_id, finding_key"
    ) == [
        ("21|2026-01-08", Decimal("0.001"), "USD"),
        ("22|2026-01-08", Decimal("0.001"), "USD"),
        *((campaign, Decimal(1), "USD") for campaign in ("24", "26", "27", "28")),
    ]


def test_sums_of_money_are_defined_where_a_bid_is_not(built: tuple[Warehouse, dict[str, str]]) -> None:
    assert built[0].rows(
        "select sum(impressions), sum(spend_usd), max(bid_usd) from marts.fct_ad_delivery_daily where campaign_id = 13"
    ) == [(1, 0, None)]
    for result in built[0].parity("--select", "fct_ad_delivery_daily"):
        assert result["equal"], result


def test_days_in_open_errors_are_those_that_an_error_names(built: tuple[Warehouse, dict[str, str]]) -> None:
    """By the day, by the campaign (32 is deleted), or, over a budget, from the day on which it was spent already."""
    columns = "campaign_id, event_date, impressions, clicks, spend_usd, rules"
    rows = on_both_engines(built[0], "reporting.rpt_ad_delivery_open_errors", columns)
    found = [(key, str(day)[5:], rules.replace("ad_delivery__", "")) for key, day, *_, rules in rows]
    assert found == [
        (13, "01-08", "unpriced_impressions"),
        (14, "01-08", "unpriced_impressions"),
        (20, "01-05", "clicks_above_impressions"),
        (21, "01-08", "out_of_flight"),
        (22, "01-08", "out_of_flight"),
        *((campaign_id, "01-08", "over_budget") for campaign_id in (24, 26, 27, 28)),
        (32, "01-08", "deleted_reference"),
    ]
    figures = {row[0]: row[2:5] for row in rows}
    assert (figures[20], figures[24], figures[32]) == ((7, 8, Decimal("0.007")), (3, 0, 3), (2, 0, Decimal("0.002")))


@pytest.mark.parametrize("target", TARGETS)
def test_each_delivery_has_its_files_and_reasons(built: tuple[Warehouse, dict[str, str]], target: str) -> None:
    built[0].run("publish", "--target", "dev")
    assert_deliveries_are_shown(built[0], target)
