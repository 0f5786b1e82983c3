"""Rules of ad delivery: what each must find and a look-alike that it must not, built without the other sources."""

from collections.abc import Iterator

import pytest

from support.ad_delivery import advertiser, campaign, deleted, deliver, event
from support.drops import NO_TESTS
from support.warehouse import Warehouse, warehouse

FIRST = {
    "advertiser": [advertiser(1), advertiser(2)],
    "campaign": [
        campaign(10, _unmapped='{"colour": "red"}'),
        campaign(11, advertiser_id=9),  # nobody knows 9
        campaign(12, advertiser_id=9),  # deleted afterwards
        campaign(13, bid="NaN", end_date="infinity"),
        campaign(14, bid=None, end_date=None),
    ],
    "impressions": [
        event(1, "2026-01-08 10:00", 10),
        event(2, "2026-01-08 10:00", 99),  # no such campaign
        event(3, "2026-01-08 10:00", None),
        event(4, None, 10),
        event(5, None, 10),  # its time is filled in afterwards
        event(6, "2026-01-10 06:00:00.000001", 10),  # a microsecond after the delivery
        event(7, "2026-01-10 06:00", 10),
        event(8, "2026-01-08 11:00", 99),  # deleted afterwards
    ],
}
SECOND = {
    "advertiser": [advertiser(1, name="renamed")],
    "campaign": [deleted(12), campaign(14, bid=None, end_date=None, updated_at="2026-01-10 12:00")],
    "impressions": [
        event(5, "2026-01-09 10:00", 10),
        deleted(8),
        event(20, "2026-01-08 12:00", 10),  # of a day that was published
        event(21, "2026-01-10 12:00", 10),  # of the day that was not over
    ],
    "clicks": [event(20, "2026-01-08 12:01", 10)],
}
THIRD = {"impressions": [event(30, "2026-01-11 12:00", 10)]}

EXPECTED = {
    "rejected_record": set(),
    "unreadable_time": {"impression-4", "impression-5"},
    "time_after_delivery": {"impression-6"},
    "unmapped_columns": {"first/campaign/colour"},
    "unreadable_value": {"campaigns/13/bid_usd", "campaigns/13/end_date"},
    "late_events": {"second|2026-01-08"},
    "dimension_changed": {"advertisers/1/second"},
    "unknown_campaign": {"impression-2", "impression-3"},
    "unknown_advertiser": {"campaigns/11"},
    "extraction_not_reconciled": {"impressions/third"},
}


@pytest.fixture(scope="module")
def built() -> Iterator[tuple[Warehouse, dict[str, str]]]:
    """The warehouse, and the deliveries' names by id."""
    with warehouse("ad_delivery") as house:
        ids = {
            deliver(house, 10, **FIRST): "first",
            deliver(house, 11, **SECOND): "second",
            deliver(house, 12, **THIRD, source_rows={"impressions": 99}): "third",
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
        ("unreadable_value", "campaigns/13/bid_usd", ("NaN", "a readable bid_usd", 1, True)),
        ("late_events", "second|2026-01-08", ("2 events", "none once the day was published", 2, True)),
        (
            "dimension_changed",
            "advertisers/1/second",
            ("advertiser_name=renamed", "advertiser_name=advertiser 1", 1, True),
        ),
        ("unknown_campaign", "impression-2", ("99", "one of dim_ad_delivery_campaigns", 1, True)),
        ("extraction_not_reconciled", "impressions/third", ("10 rows", "99 rows", 89, True)),
    ],
)
def test_a_finding_tells_what_is_there_and_what_was_expected(
    found: dict[str, dict[str, tuple]], rule: str, key: str, told: tuple
) -> None:
    assert found[rule][key] == told
