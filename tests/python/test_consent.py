"""The consent drop from files to marts, on both engines: right, the same, whatever the order and number of runs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.consent import COLUMN_OF, company_record
from support.drops import NO_TESTS
from support.warehouse import Warehouse, landed_again, warehouse

DELIVERED = "2026-03-25T06:00:00Z"
REDELIVERED = "2026-03-26T06:00:00Z"

COMPLETE = ("consent.given", "ui.action")
SIZE = ("--companies", "16", "--active", "12", "--events-per-company", "300")
SEEDS = {"built": "41", "another": "42"}


def generate(folder: Path, seed: str) -> Path:
    Warehouse(folder, 0).run("tools.generate", "consent", *SIZE, "--seed", seed, "--out", folder / "drop")
    return folder / "drop"


def truth_of(drop: Path) -> dict[str, Any]:
    return json.loads((drop / "truth.json").read_text())


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("generated"), SEEDS["built"])


@pytest.fixture(scope="module")
def built(drop: Path) -> Iterator[Warehouse]:
    """Both deliveries, landed and built one after the other; what holds in between is checked in between."""
    with warehouse("consent") as house:
        house.land(drop, "--no-redelivery", "--delivered-at", DELIVERED)
        house.build(*NO_TESTS)
        assert_stored(house, truth_of(drop)["totals"]["after_first_delivery"]["companies"])
        house.land(drop / "redelivery", "--delivered-at", REDELIVERED)
        house.build()
        yield house


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, dict[str, Any]]]:
    """The deliveries of another seed, built at once."""
    folder = tmp_path_factory.mktemp("another")
    drop = generate(folder, SEEDS["another"])
    with warehouse("consent") as house:
        house.land(drop, "--no-redelivery", "--delivered-at", DELIVERED)
        house.land(drop / "redelivery", "--delivered-at", REDELIVERED)
        house.build(*NO_TESTS)
        yield house, truth_of(drop)


@pytest.fixture(scope="module", params=list(SEEDS))
def generated(request: pytest.FixtureRequest) -> tuple[Warehouse, dict[str, Any]]:
    if request.param == "another":
        return request.getfixturevalue("another")
    return request.getfixturevalue("built"), truth_of(request.getfixturevalue("drop"))


def assert_stored(house: Warehouse, companies: dict[str, Any]) -> None:
    """Stored events of the listed companies and the four types against what the generator counted as it wrote them."""
    of_types = (
        f"from marts.fct_consent_events where event_type in {tuple(COLUMN_OF)} and company_id in {tuple(companies)}"
    )
    for column, expected in (
        (
            "event_type || ' at ' || cast(sampling_rate as decimal(18, 6))",
            lambda totals: {
                f"{event_type} at {Decimal(rate):.6f}": count
                for event_type, total in totals["types"].items()
                for rate, count in total["stored_by_rate"].items()
            },
        ),
        ("consent_status", lambda totals: totals["stored_by_status"]),
        ("cast(event_date as varchar)", lambda totals: totals["stored_by_date"]),
    ):
        found: dict[str, dict[str, int]] = {company: {} for company in companies}
        for company, value, count in house.rows(
            f"select company_id, {column}, sum(events_stored) {of_types} group by 1, 2"
        ):
            found[company][value] = count
        assert found == {company: expected(totals) for company, totals in companies.items()}


def test_both_engines_hold_the_same_rows_of_a_generated_drop(generated: tuple[Warehouse, dict[str, Any]]) -> None:
    house, _ = generated
    assert house.differences() == []


def test_stored_events_are_the_generators(generated: tuple[Warehouse, dict[str, Any]]) -> None:
    house, truth = generated
    assert_stored(house, truth["totals"]["after_redelivery"]["companies"])


def test_totals_of_complete_types_are_the_populations(generated: tuple[Warehouse, dict[str, Any]]) -> None:
    house, truth = generated
    for company, facts in truth["companies"].items():
        record = company_record(house, company)
        for event_type in COMPLETE:
            column = COLUMN_OF[event_type]
            assert record[f"{column}_weighted_once"] == facts["population"]["types"][event_type]
            assert record[f"{column}_weighted_once_se"] == 0


@dataclass(frozen=True)
class Cell:
    """An estimated figure of a company, and what it is in the population."""

    company: str
    name: str
    truth: float
    estimate: float
    error: float
    low: float
    high: float

    @property
    def is_covered(self) -> bool:
        return self.low <= self.truth <= self.high


def cells(house: Warehouse, truth: dict[str, Any]) -> tuple[list[Cell], list[Cell]]:
    """Volumes of sampled types of which anything is stored, and conversions."""
    volumes, conversions = [], []
    for company, facts in truth["companies"].items():
        record = company_record(house, company)

        def cell(name: str, truth: float, company: str = company, record: dict[str, Any] = record) -> Cell:
            parts = (record[f"{name}{part}"] for part in ("", "_se", "_low", "_high"))
            return Cell(company, name, truth, *map(float, parts))

        for event_type in ("consent.asked", "pageview"):
            if record[f"{COLUMN_OF[event_type]}_sampled"]:
                volumes.append(cell(f"{COLUMN_OF[event_type]}_weighted_once", facts["population"]["types"][event_type]))
        if record["consent_asked_sampled"]:
            conversions.append(cell("conversion_rate_weighted_once", facts["population"]["conversion_rate"]))
    return volumes, conversions


def test_totals_of_sampled_types_are_near_the_populations(generated: tuple[Warehouse, dict[str, Any]]) -> None:
    volumes, conversions = cells(*generated)
    assert len(volumes) >= 20
    far = [cell for cell in [*volumes, *conversions] if abs(cell.estimate - cell.truth) > 5 * cell.error]
    assert far == []


def test_intervals_hold_what_is_true_of_the_population(
    built: Warehouse, drop: Path, another: tuple[Warehouse, dict[str, Any]]
) -> None:
    of_both = [cells(built, truth_of(drop)), cells(*another)]
    for of_kind in zip(*of_both, strict=True):
        found = [cell for of_seed in of_kind for cell in of_seed]
        missed = [cell for cell in found if not cell.is_covered]
        assert len(found) >= 18
        assert len(missed) <= 0.15 * len(found), missed


def test_without_a_notice_the_conversion_of_a_generated_company_is_unknown(
    generated: tuple[Warehouse, dict[str, Any]],
) -> None:
    house, truth = generated
    silent = [company for company, facts in truth["companies"].items() if facts["role"] == "no_notice"]
    assert len(silent) == 1
    for company in silent:
        assert truth["companies"][company]["population"]["conversion_rate"] is None
        assert company_record(house, company)["conversion_rate_weighted_once"] is None


def test_listed_companies_stay_and_others_are_told_apart(generated: tuple[Warehouse, dict[str, Any]]) -> None:
    house, truth = generated
    listed = {*truth["companies"], *truth["inactive_companies"]}
    unlisted = {
        company for fault in truth["faults"] if fault["kind"] == "unlisted_company" for company in fault["effect"]
    }
    assert unlisted
    for is_listed, expected in ((True, listed), (False, unlisted)):
        query = f"select company_id from marts.agg_consent_company where is_listed = {is_listed}"
        assert {company for (company,) in house.rows(query)} == expected
    without_hq = house.rows("select company_id from marts.dim_companies where hq_country is null")
    assert {company for (company,) in without_hq} == set(truth["totals"]["after_redelivery"]["without_hq_country"])


def planted(truth: dict[str, Any], *kinds: str) -> int:
    return sum(fault["count"] for fault in truth["faults"] if fault["kind"] in kinds)


def test_every_generated_record_is_accounted_for(generated: tuple[Warehouse, dict[str, Any]]) -> None:
    house, truth = generated
    counted = {
        file: tuple(counts)
        for file, *counts in house.rows(
            "select if(_delivered_at > timestamp '2026-03-25 12:00', 'redelivery/', '') || _source_file, "
            "records_read, records_rejected, records_blank from quality.fct_consent_event_records"
        )
    }
    assert counted == {
        file: (counts["read"], counts["malformed"], counts["blank"])
        for file, counts in truth["totals"]["records"].items()
        if "events/" in file
    }
    reasons = "select set_aside_reason, count(*) from staging.stg_consent__events where set_aside_reason is not null"
    assert dict(house.rows(f"{reasons} group by 1")) == {
        "missing_event_id": planted(truth, "missing_event_id"),
        "unparsable_timestamp": planted(truth, "unreadable_time", "unusable_correction"),
        "unusable_rate": planted(truth, "unusable_rate"),
    }
    landed, explained = house.rows(
        "select sum(records_landed), sum(records_current + records_replaced_in_delivery + records_replaced_by_delivery "
        "+ records_set_aside) from quality.fct_consent_event_records"
    )[0]
    assert landed == explained


def test_one_build_of_both_deliveries_gives_the_same_marts(built: Warehouse) -> None:
    with landed_again(built) as at_once:
        at_once.build(*NO_TESTS)
        assert at_once.published() == built.published()
        assert at_once.differences() == []


def test_deliveries_in_reverse_order_give_the_same_marts(built: Warehouse, drop: Path) -> None:
    with warehouse("consent") as house:
        house.land(drop / "redelivery", "--delivered-at", REDELIVERED)
        house.build(*NO_TESTS)
        house.land(drop, "--no-redelivery", "--delivered-at", DELIVERED)
        house.build(*NO_TESTS)
        assert house.published() == built.published()
        assert house.differences() == []


def test_full_refresh_gives_the_same_marts(built: Warehouse) -> None:
    before = built.published()
    assert all(before[mart] for mart in ("fct_consent_events", "fct_consent_choices", "agg_consent_company"))
    built.build("--full-refresh", *NO_TESTS)
    assert built.published() == before
    assert built.differences() == []
