"""Spend of campaigns against flight and budget, by day: one story of deliveries, built step by step."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from support.drops import build, csv_of, deliver, event, keep
from support.warehouse import Warehouse

READ = ("dim_campaigns_history", "fct_campaign_pacing", "rpt_ad_serving_campaigns")
HEADER = "campaign_id,campaign_name,start_date,end_date,budget_usd"
CAMPAIGNS = {
    "raised": "2026-01-03,2026-01-09,70",
    "longer": "2026-01-03,2026-01-05,30",
    "outside": "2026-01-03,2026-01-04,10",
    "over": "2026-01-01,2026-01-10,10",
    "dateless": ",,10",
    "inverted": "2026-01-09,2026-01-03,10",
    "silent": "2026-01-03,2026-01-09,7",
    "periodic": "2026-01-03,2026-01-09,100",
    "broke": "2026-01-01,2026-01-10,0",
    "no_budget": "2026-01-01,2026-01-10,",
    "net": "2026-01-01,2026-01-10,10",
    "steady": "2026-01-01,2026-01-10,10",
    "today": "2026-01-08,2026-01-11,40",
}


def campaigns(**changed: str) -> str:
    return csv_of(HEADER, *(f"{key},Name,{flight}" for key, flight in {**CAMPAIGNS, **changed}.items()))


def spend(campaign: str, day: int, amount: float, **fields: Any) -> dict[str, Any]:
    event_id = f"{campaign}-{day}-{amount}"
    return event(event_id, f"2026-01-{day:02}T23:59:59.999999Z", amount, campaign_id=campaign, **fields)


# every day from 1 to 9 January but the sixth has events; the tenth is not over when they arrive, the 25th never is
EVENTS = [
    *(event(f"any-{day}", f"2026-01-{day:02}T00:00:00Z", 0, campaign_id=None) for day in (1, 2, 3, 4, 5, 7, 8, 9)),
    spend("outside", 2, 1.5),
    spend("outside", 3, 4),
    spend("outside", 7, 2.5),
    *(spend("over", day, 4) for day in (1, 2, 3, 4)),
    spend("over", 25, 1),
    spend("dateless", 2, 6),
    spend("dateless", 4, 6),
    spend("inverted", 5, 3),
    spend("orphan", 3, 2),
    spend("periodic", 3, 0.000001),
    spend("periodic", 5, 2),
    spend("steady", 2, 7.2),
    spend("broke", 3, 0.5),
    spend("no_budget", 3, 0.5),
    spend("net", 3, 5),
    spend("net", 3, -1),
    spend("net", 4, 2, is_filled=False),
    spend("net", 5, 3, event_type="video"),
    spend("net", 5, 1, event_type="click", publisher_id=2),
    spend("today", 8, 10),
    spend("today", 10, 5),
]
# the tenth is over when these arrive
LATE = [
    spend("over", 3, 4) | {"revenue_usd": 1},
    spend("raised", 4, 7),
    spend("silent", 8, 0.5),
    event("any-10", "2026-01-10T23:00:00Z", 0, campaign_id=None),
]


@pytest.fixture(scope="module")
def stages(shared_house: Warehouse) -> dict[str, Warehouse]:
    house = replace(shared_house, only=READ)
    deliver(house, 2, campaigns=campaigns())
    deliver(house, 5, campaigns=campaigns(raised="2026-01-03,2026-01-09,140", longer="2026-01-03,2026-01-09,30"))
    deliver(house, 10, EVENTS)
    build(house)
    first = keep(house, "first")
    deliver(house, 11, LATE)
    build(house)
    return {"first": first, "corrected": keep(house, "corrected")}


@pytest.fixture(scope="module")
def first(stages: dict[str, Warehouse]) -> Warehouse:
    return stages["first"]


def pacing(house: Warehouse, campaign: str, *columns: str) -> dict[int, tuple]:
    """The columns by day of January."""
    rows = house.rows(
        f"select day(event_date), {', '.join(columns)} from marts.fct_campaign_pacing where campaign_id = '{campaign}'"
    )
    by_day = {day: tuple(values) for day, *values in rows}
    assert len(by_day) == len(rows)
    return dict(sorted(by_day.items()))


def usd(*amounts: str | None) -> tuple[Decimal | None, ...]:
    return tuple(None if amount is None else Decimal(amount) for amount in amounts)


def test_a_raised_budget_holds_from_the_day_of_its_delivery(first: Warehouse) -> None:
    assert pacing(first, "raised", "budget_usd", "expected_spend_usd", "days_elapsed", "days_left") == {
        3: (*usd("70", "10"), 1, 6),
        4: (*usd("70", "20"), 2, 5),
        5: (*usd("140", "60"), 3, 4),
        7: (*usd("140", "100"), 5, 2),
        8: (*usd("140", "120"), 6, 1),
        9: (*usd("140", "140"), 7, 0),
    }


def test_a_day_names_the_version_that_held_at_its_end(first: Warehouse) -> None:
    versions = first.rows(
        "select day(pacing.event_date), versions.version_number from marts.fct_campaign_pacing as pacing "
        "join marts.dim_campaigns_history as versions using (campaign_version_id) where pacing.campaign_id = 'raised'"
    )
    assert dict(versions) == {3: 1, 4: 1, 5: 2, 7: 2, 8: 2, 9: 2}


def test_a_flight_that_is_extended_keeps_its_past(first: Warehouse) -> None:
    assert pacing(first, "longer", "days_in_flight", "days_elapsed", "days_left", "expected_spend_usd") == {
        3: (3, 1, 2, *usd("10")),
        4: (3, 2, 1, *usd("20")),
        5: (7, 3, 4, *usd("12.857142")),
        7: (7, 5, 2, *usd("21.428571")),
        8: (7, 6, 1, *usd("25.714285")),
        9: (7, 7, 0, *usd("30")),
    }


def test_a_campaign_without_spend_has_its_observed_days_and_a_day_without_data_has_no_row(first: Warehouse) -> None:
    assert pacing(first, "silent", "flight_state", "spend_usd", "days_observed", "projected_end_spend_usd") == {
        day: ("in_flight", *usd("0"), observed, *usd("0")) for observed, day in enumerate((3, 4, 5, 7, 8, 9), start=1)
    }


def test_spend_before_and_after_the_flight_is_kept_apart(first: Warehouse) -> None:
    columns = ("flight_state", "days_elapsed", "days_left", "days_observed")
    money = ("spend_usd", "spend_usd_to_date", "spend_usd_out_of_flight", "spend_usd_out_of_flight_to_date")
    assert pacing(first, "outside", *columns, *money) == {
        2: ("before", 0, 2, 0, *usd("1.5", "0", "1.5", "1.5")),
        3: ("in_flight", 1, 1, 1, *usd("4", "4", "0", "1.5")),
        4: ("in_flight", 2, 0, 2, *usd("0", "4", "0", "1.5")),
        7: ("after", 2, 0, 2, *usd("2.5", "4", "2.5", "4")),
    }
    assert pacing(first, "outside", "expected_spend_usd", "projected_end_spend_usd", "pace_ratio") == {
        2: (*usd("0", None), None),
        3: (*usd("5", "8"), 0.8),
        4: (*usd("10", "4"), 0.4),
        7: (*usd("10", "4"), 0.4),
    }


def test_spend_over_budget_begins_on_the_day_that_crosses_it(first: Warehouse) -> None:
    columns = ("spend_usd_to_date", "spend_usd_over_budget", "spend_usd_over_budget_to_date")
    assert pacing(first, "over", *columns) == {
        1: usd("4", "0", "0"),
        2: usd("8", "0", "0"),
        3: usd("12", "2", "2"),
        4: usd("16", "4", "6"),
        **{day: usd("16", "0", "6") for day in (5, 7, 8, 9)},
        25: usd("16", "0", "6"),
    }


def test_a_day_that_is_not_over_is_not_observed(stages: dict[str, Warehouse]) -> None:
    columns = ("days_elapsed", "days_observed", "spend_usd_to_date", "expected_spend_usd", "projected_end_spend_usd")
    before = {8: (1, 1, *usd("10", "10", "40")), 9: (2, 2, *usd("10", "20", "20"))}
    assert pacing(stages["first"], "today", *columns) == {**before, 10: (3, 2, *usd("15", "30", "30"))}
    assert pacing(stages["corrected"], "today", *columns) == {**before, 10: (3, 3, *usd("15", "30", "20"))}


def test_days_after_the_last_delivery_have_a_row_only_where_something_was_spent(first: Warehouse) -> None:
    [late] = first.rows(
        "select campaign_id, flight_state, spend_usd_out_of_flight from marts.fct_campaign_pacing "
        "where event_date > '2026-01-10'"
    )
    assert late == ("over", "after", *usd("1"))


@pytest.mark.parametrize(
    ("campaign", "spent"),
    [
        ("dateless", {2: ("6", "6", "0"), 4: ("6", "12", "2")}),
        ("inverted", {5: ("3", "3", "0")}),
    ],
)
def test_without_a_flight_all_spend_counts(first: Warehouse, campaign: str, spent: dict[int, tuple]) -> None:
    columns = ("flight_state", "days_in_flight", "days_elapsed", "days_left", "days_observed")
    pace = ("expected_spend_usd", "projected_end_spend_usd", "pace_ratio")
    money = ("spend_usd", "spend_usd_to_date", "spend_usd_over_budget")
    assert pacing(first, campaign, *columns, *pace, *money) == {
        day: ("unknown", None, None, None, 0, None, None, None, *usd(*amounts)) for day, amounts in spent.items()
    }


def test_a_campaign_that_no_delivery_knows_has_its_spend_and_nothing_else(first: Warehouse) -> None:
    columns = ("campaign_version_id", "start_date", "end_date", "flight_state", "budget_usd", "spend_usd_to_date")
    over = ("spend_usd_over_budget", "spend_usd_over_budget_to_date")
    assert pacing(first, "orphan", *columns, *over) == {3: (None, None, None, "unknown", *usd(None, "2", "0", "0"))}


def test_invalid_revenue_is_not_spent(first: Warehouse) -> None:
    spent = pacing(first, "net", "spend_usd", "spend_usd_to_date")
    assert {day: spent[day] for day in (2, 3, 4, 5, 7)} == {
        2: usd("0", "0"),
        3: usd("5", "5"),
        4: usd("0", "5"),
        5: usd("1", "6"),
        7: usd("0", "6"),
    }


def test_shares_of_money_are_cut_to_the_micro_dollar(first: Warehouse) -> None:
    """100 / 7 = 14.285714 285714…, 2.000001 / 3 x 7 = 4.666669, 2.000001 / 4 x 7 = 3.50000175."""
    assert pacing(first, "periodic", "expected_spend_usd", "projected_end_spend_usd") == {
        3: usd("14.285714", "0.000007"),
        4: usd("28.571428", "0.000003"),
        5: usd("42.857142", "4.666669"),
        7: usd("71.428571", "3.500001"),
        8: usd("85.714285", "2.800001"),
        9: usd("100", "2.333334"),
    }


def test_pace_is_spend_against_the_line_of_the_observed_days(first: Warehouse) -> None:
    pace = {day: ratio for day, (ratio,) in pacing(first, "periodic", "pace_ratio").items()}
    assert pace[5] == pytest.approx(2.000001 / 42.857142, rel=1e-12)
    assert pace[7] == pytest.approx(2.000001 / 57.142857, rel=1e-12)


def test_a_budget_of_zero_is_overspent_by_the_first_cent(first: Warehouse) -> None:
    columns = ("budget_usd", "expected_spend_usd", "spend_usd_over_budget", "spend_usd_over_budget_to_date")
    broke = pacing(first, "broke", *columns, "pace_ratio")
    assert broke[2] == (*usd("0", "0", "0", "0"), None)
    assert broke[3] == (*usd("0", "0", "0.5", "0.5"), None)
    assert broke[4] == (*usd("0", "0", "0", "0.5"), None)


def test_without_a_budget_nothing_is_over_it(first: Warehouse) -> None:
    columns = ("budget_usd", "expected_spend_usd", "spend_usd_over_budget_to_date", "projected_end_spend_usd")
    assert pacing(first, "no_budget", *columns, "pace_ratio")[3] == (*usd(None, None, "0", "1.666666"), None)


def test_late_spend_of_an_earlier_day_changes_the_days_after_it(stages: dict[str, Warehouse]) -> None:
    corrected = stages["corrected"]
    columns = ("spend_usd", "spend_usd_to_date", "spend_usd_over_budget", "spend_usd_over_budget_to_date")
    assert pacing(corrected, "over", *columns) == {
        1: usd("4", "4", "0", "0"),
        2: usd("4", "8", "0", "0"),
        3: usd("1", "9", "0", "0"),
        4: usd("4", "13", "3", "3"),
        **{day: usd("0", "13", "0", "3") for day in (5, 7, 8, 9, 10)},
        25: usd("1", "13", "0", "3"),
    }
    spent = pacing(corrected, "raised", "spend_usd", "spend_usd_to_date")
    assert spent == {3: usd("0", "0"), 4: usd("7", "7"), **{day: usd("0", "7") for day in (5, 7, 8, 9)}}
    silent = pacing(corrected, "silent", "spend_usd_to_date")
    assert silent == {**{day: usd("0") for day in (3, 4, 5, 7)}, 8: usd("0.5"), 9: usd("0.5")}


def performance(house: Warehouse, campaign: str | None) -> dict[int, tuple]:
    columns = (
        "impressions, filled_impressions, clicks, revenue_usd, revenue_usd_as_delivered, revenue_usd_invalid_records, "
        "fill_rate, ctr, active_publishers"
    )
    key = "is null" if campaign is None else f"= '{campaign}'"
    rows = house.rows(f"select day(event_date), {columns} from marts.fct_campaign_performance where campaign_id {key}")
    return {day: tuple(row) for day, *row in sorted(rows)}


def test_performance_is_the_sum_of_a_campaigns_day(first: Warehouse) -> None:
    assert performance(first, "net") == {
        3: (2, 2, 0, *usd("4", "4", "-1"), 1.0, 0.0, 1),
        4: (1, 0, 0, *usd("2", "2", "2"), 0.0, None, 1),
        5: (0, 0, 1, *usd("4", "4", "3"), None, None, 2),
    }


def test_what_no_campaign_bought_has_rows_of_its_own(first: Warehouse) -> None:
    assert performance(first, None) == {
        day: (1, 1, 0, *usd("0", "0", "0"), 1.0, 0.0, 1) for day in (1, 2, 3, 4, 5, 7, 8, 9)
    }


@pytest.mark.parametrize("stage", ["first", "corrected"])
def test_net_revenue_of_campaigns_is_their_spend(stages: dict[str, Warehouse], stage: str) -> None:
    [net] = stages[stage].rows(
        "select sum(revenue_usd - revenue_usd_invalid_records) from marts.fct_campaign_performance "
        "where campaign_id is not null"
    )
    [by_day] = stages[stage].rows("select sum(spend_usd) from marts.fct_campaign_pacing")
    [to_date] = stages[stage].rows(
        "select sum(spent) from (select arg_max(spend_usd_to_date + spend_usd_out_of_flight_to_date, event_date) "
        "as spent from marts.fct_campaign_pacing group by campaign_id)"
    )
    assert net == by_day == to_date


def test_a_campaign_within_a_tenth_of_its_pace_is_on_it(first: Warehouse) -> None:
    """On 9 January, of 8 observed days; steady: 7.2 of 8. The budget of broke is 0."""
    rows = first.rows(
        "select campaign_id, pace, day(pace_date), pace_budget_usd - projected_end_spend_usd = projected_gap_usd "
        "from reporting.rpt_ad_serving_campaigns"
    )
    assert {campaign: (pace, day) for campaign, pace, day, _ in rows} == {
        "over": ("ahead", 9),
        "steady": ("on pace", 9),
        **dict.fromkeys(("net", "raised", "silent", "periodic", "today"), ("behind", 9)),
        "longer": ("behind", 9),
        "outside": ("behind", 4),
        **dict.fromkeys(("broke", "no_budget"), ("unknown", 9)),
        **dict.fromkeys(("dateless", "inverted", "orphan"), ("unknown", None)),
    }
    assert {is_gap for *_, is_gap in rows} == {True, None}


def test_a_campaign_has_its_whole_spend_and_what_cannot_be_billed(first: Warehouse) -> None:
    columns = ("spend_usd", "spend_usd_out_of_flight", "spend_usd_over_budget", "days_out_of_flight", "flight_state")
    rows = first.rows(f"select campaign_id, {', '.join(columns)} from reporting.rpt_ad_serving_campaigns")
    found = {campaign: tuple(figures) for campaign, *figures in rows}
    assert found["outside"] == (*usd("8", "4", "0"), 2, "after")
    assert found["over"] == (*usd("17", "1", "6"), 1, "after")
    assert found["dateless"] == (*usd("12", "0", "2"), 0, "unknown")
    assert found["silent"] == (*usd("0", "0", "0"), 0, "in_flight")
