"""The consent drop from files to marts, on both engines: right, the same, whatever the order and number of runs."""

import csv
import datetime as dt
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from statistics import mean, median
from typing import Any

import pyarrow.parquet as pq
import pytest

from scripts.common.settings import PROJECT
from support.consent import assert_estimate, company_record, records
from support.drops import NO_TESTS
from support.warehouse import Warehouse, warehouse

DELIVERED = "2026-03-25T06:00:00Z"
REDELIVERED = "2026-03-26T06:00:00Z"
REAL_DROP = PROJECT.parent / "shared" / "data" / "consent"
REAL_COMPANIES = (
    "49af23d9-0cad-4d42-8adc-744791443345",
    "5f67fa3a-b292-4bd2-b6e0-52257adc3a3b",
    "eb3fdba4-7b9b-4c5e-9a81-7ed2918ff46e",
    "f921ddae-7bbc-4132-a9dd-04683bb89c2d",
)
needs_real_drop = pytest.mark.skipif(not REAL_DROP.exists(), reason="the real files are not beside the project")

COLUMN_OF = {
    "consent.asked": "consent_asked",
    "consent.given": "consent_given",
    "pageview": "pageview",
    "ui.action": "ui_action",
}
COMPLETE = ("consent.given", "ui.action")
CHOICES = ("full opt-in", "partial opt-in", "opt-out")
SESSION = dt.timedelta(minutes=30)
SIZE = ("--companies", "16", "--active", "12", "--events-per-company", "300")
SEEDS = {"built": "41", "another": "42"}


@dataclass(frozen=True)
class Event:
    """A record of the files, read without any of the project's code. `took` is from its creation to its last change."""

    company: str
    user: str
    id: str
    type: str
    status: str
    country: str
    at: dt.datetime
    rate: Fraction
    count: int
    took: dt.timedelta | None


@dataclass(frozen=True)
class Volume:
    """What records say of the population: by COUNT / RATE (`brief`), and with one weight a stored event (`once`)."""

    events: Sequence[Event]

    @property
    def sampled(self) -> int:
        return len(self.events)

    @cached_property
    def once(self) -> Fraction:
        return sum((stored(event) / event.rate for event in self.events), Fraction(0))

    @cached_property
    def brief(self) -> Fraction:
        return sum((event.count / event.rate for event in self.events), Fraction(0))

    @cached_property
    def variance(self) -> Fraction:
        return sum((stored(event) / event.rate * (1 / event.rate - 1) for event in self.events), Fraction(0))


def stored(event: Event) -> int:
    inverse = math.floor(1 / event.rate + Fraction(1, 2))
    return event.count if event.count > inverse else 1


@pytest.fixture(scope="module")
def events() -> list[Event]:
    rows: list[dict[str, Any]] = []
    for path in REAL_DROP.glob("events/csv/*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            rows += csv.DictReader(file)
    for path in REAL_DROP.glob("events/parquet/*.parquet"):
        rows += pq.read_table(path).to_pylist()
    assert len(rows) == len({row["EVENT_ID"] for row in rows}) == 2000
    return [as_event(row) for row in rows]


def as_event(row: dict[str, Any]) -> Event:
    parameters = json.loads(row["PARAMETERS"] or "{}")
    said = [parameters.get(key) for key in ("created", "updated")]
    created, updated = (moment and dt.datetime.fromisoformat(moment) for moment in said)
    return Event(
        company=row["APIKEY"],
        user=row["USER_ID"],
        id=row["EVENT_ID"],
        type=row["TYPE"],
        status=row["CONSENT"],
        country=(row["COUNTRY"] or "").strip('"'),
        at=dt.datetime.fromisoformat(row["EVENT_TIME"]),
        rate=Fraction(str(row["RATE"])),
        count=int(row["COUNT"]),
        took=updated - created if created and updated else None,
    )


@pytest.fixture(scope="module")
def real() -> Iterator[Warehouse]:
    with warehouse("consent") as house:
        house.land(REAL_DROP, "--delivered-at", DELIVERED)
        house.build()
        yield house


@needs_real_drop
def test_both_engines_hold_the_same_rows_of_the_real_files(real: Warehouse) -> None:
    results = real.parity()
    assert {result["model"] for result in results} >= {
        "fct_consent_events",
        "agg_consent_company",
        "agg_consent_status",
    }
    assert [result for result in results if not result["equal"]] == []


@needs_real_drop
def test_real_companies_have_their_attributes_also_without_events(real: Warehouse, events: list[Event]) -> None:
    with (REAL_DROP / "country_and_industry" / "industry and country.csv").open(newline="", encoding="utf-8") as file:
        listed = {
            row.pop("PUBLIC_API_KEY"): tuple(value or None for value in row.values()) for row in csv.DictReader(file)
        }
    assert len(listed) == 40
    attributes = "company_id, industry_back, industry_front, hq_country"
    for mart in ("dim_companies", "agg_consent_company"):
        found = {company: tuple(values) for company, *values in real.rows(f"select {attributes} from marts.{mart}")}
        assert found == listed
    counted = dict(real.rows("select company_id, events_sampled from marts.agg_consent_company"))
    assert counted == {company: sum(event.company == company for event in events) for company in listed}


def of_company(events: list[Event], company: str, holds: Callable[[Event], bool] = lambda event: True) -> Volume:
    return Volume([event for event in events if event.company == company and holds(event)])


def assert_volume(record: dict[str, Any], name: str, volume: Volume) -> None:
    assert record[f"{name}_sampled"] == volume.sampled
    for reading, exact in (("weighted_once", volume.once), ("extrapolated", volume.brief)):
        assert abs(Fraction(record[f"{name}_{reading}"]) - exact) <= Fraction(1, 10**6)
    error, per_event = math.sqrt(volume.variance), volume.brief / volume.once if volume.once else 0
    assert_estimate(record, f"{name}_weighted_once", float(volume.once), error, at_least=volume.sampled)
    least = float(volume.sampled * per_event)
    assert_estimate(record, f"{name}_extrapolated", float(volume.brief), error * float(per_event), at_least=least)


@needs_real_drop
@pytest.mark.parametrize("company", REAL_COMPANIES)
def test_volumes_of_the_real_files_equal_an_independent_count(
    real: Warehouse, events: list[Event], company: str
) -> None:
    record = company_record(real, company)
    assert_volume(record, "events", of_company(events, company))
    for event_type, column in COLUMN_OF.items():
        assert_volume(record, column, of_company(events, company, lambda event, kind=event_type: event.type == kind))


@needs_real_drop
@pytest.mark.parametrize("company", REAL_COMPANIES)
def test_rates_of_the_real_files_equal_an_independent_count(real: Warehouse, events: list[Event], company: str) -> None:
    record = company_record(real, company)
    asked = of_company(events, company, lambda event: event.type == "consent.asked")
    given = of_company(events, company, lambda event: event.type == "consent.given")
    choices = Volume([event for event in given.events if event.status in CHOICES])
    opt_ins = Volume([event for event in given.events if event.status == "full opt-in"])

    error = error_of_ratio(given, asked)
    conversion = given.once / asked.once
    headline = given.brief / asked.brief
    assert_estimate(record, "conversion_rate_weighted_once", float(conversion), error)
    assert_estimate(record, "conversion_rate", float(headline), error * float(headline / conversion))
    assert_estimate(record, "opt_in_rate", float(opt_ins.once / asked.once), error_of_ratio(opt_ins, asked))
    share = float(opt_ins.once / choices.once)
    assert_estimate(record, "consent_rate", share, error_of_share(opt_ins, choices), at_most=1)
    assert record["conversion_rate_n_sampled"] == given.sampled + asked.sampled
    assert record["opt_in_rate_n_sampled"] == opt_ins.sampled + asked.sampled
    assert record["consent_rate_n_sampled"] == choices.sampled


def error_of_ratio(part: Volume, whole: Volume) -> float:
    ratio = part.once / whole.once
    return math.sqrt(part.variance + ratio**2 * whole.variance) / float(whole.once)


def error_of_share(part: Volume, whole: Volume) -> float:
    share = part.once / whole.once
    return math.sqrt((1 - 2 * share) * part.variance + share**2 * whole.variance) / float(whole.once)


@needs_real_drop
@pytest.mark.parametrize("company", REAL_COMPANIES)
def test_statuses_of_the_real_files_equal_an_independent_count(
    real: Warehouse, events: list[Event], company: str
) -> None:
    every = of_company(events, company)
    given = Volume([event for event in every.events if event.type == "consent.given"])
    found = {
        record["consent_status"]: record
        for record in records(real, "marts.agg_consent_status", f"company_id = '{company}'")
    }
    assert found.keys() == {event.status for event in every.events}
    for status, record in found.items():
        part = Volume([event for event in every.events if event.status == status])
        chosen = Volume([event for event in given.events if event.status == status])
        assert_volume(record, "events", part)
        assert_volume(record, "consent_given", chosen)
        assert_estimate(
            record, "share_of_events", float(part.once / every.once), error_of_share(part, every), at_most=1
        )
        assert_estimate(
            record, "share_of_given", float(chosen.once / given.once), error_of_share(chosen, given), at_most=1
        )
        assert record["is_small_sample"] is (part.sampled < 30)


@needs_real_drop
@pytest.mark.parametrize("company", REAL_COMPANIES)
def test_countries_of_the_real_files_equal_an_independent_count(
    real: Warehouse, events: list[Event], company: str
) -> None:
    seen = Counter(event.country for event in events if event.company == company and event.country)
    once, twice = (sum(count == times for count in seen.values()) for times in (1, 2))
    record = company_record(real, company)
    assert record["distinct_countries"] == len(seen)
    missed = Fraction(seen.total() - 1, seen.total()) * Fraction(once * (once - 1), 2 * (twice + 1))
    assert record["distinct_countries_estimated"] == pytest.approx(float(len(seen) + missed))


def waits(events: Sequence[Event]) -> dict[str, tuple[int, list[dt.timedelta]]]:
    """By definition: events that it is about, and how long each of those took that can be linked to an answer."""
    of_user = defaultdict(list)
    for event in sorted(events, key=lambda event: (event.at, event.id)):
        of_user[event.user].append(event)
    asked, first, following = 0, [], []
    for story in of_user.values():
        for place, notice in enumerate(story):
            if notice.type != "consent.asked":
                continue
            asked += 1
            answers = [event.at for event in story if event.type == "consent.given" and event.at >= notice.at]
            first += [answer - notice.at for answer in answers[:1]]
            following += [
                event.at - notice.at for event in story[place + 1 : place + 2] if event.type == "consent.given"
            ]
    given = [event for event in events if event.type == "consent.given"]
    return {
        "first_later_given": (asked, first),
        "next_event_is_given": (asked, following),
        "given_within_session": (asked, [wait for wait in first if wait <= SESSION]),
        "created_to_updated": (len(given), [event.took for event in given if event.took is not None]),
    }


@needs_real_drop
@pytest.mark.parametrize("company", REAL_COMPANIES)
def test_times_to_an_answer_in_the_real_files_equal_an_independent_count(
    real: Warehouse, events: list[Event], company: str
) -> None:
    record = company_record(real, company)
    for definition, (count, linked) in waits(of_company(events, company).events).items():
        seconds = [wait / dt.timedelta(microseconds=1) / 1_000_000 for wait in linked]
        figures = [median(seconds), mean(seconds)] if seconds else [None, None]
        for name, figure in zip(
            ("coverage", "median_seconds", "mean_seconds"), (len(linked) / count, *figures), strict=True
        ):
            assert record[f"{definition}_{name}"] == (figure if figure is None else pytest.approx(figure, rel=1e-9))


def generate(folder: Path, seed: str) -> Path:
    Warehouse(folder, 0).run("generate", "consent", *SIZE, "--seed", seed, "--out", folder / "drop")
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
            "event_type || ' at ' || sampling_rate",
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
    assert [result for result in house.parity() if not result["equal"]] == []


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
        assert company_record(house, company)["conversion_rate"] is None


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
        "select sum(records_landed), sum(records_current + records_replaced + records_set_aside) "
        "from quality.fct_consent_event_records"
    )[0]
    assert landed == explained


def test_one_build_of_both_deliveries_gives_the_same_marts(built: Warehouse) -> None:
    at_once = built.second("at_once")
    at_once.build(*NO_TESTS)
    assert at_once.published() == built.published()
    assert [result for result in at_once.parity() if not result["equal"]] == []


def test_deliveries_in_reverse_order_give_the_same_marts(built: Warehouse, drop: Path) -> None:
    with warehouse("consent") as house:
        house.land(drop / "redelivery", "--delivered-at", REDELIVERED)
        house.build(*NO_TESTS)
        house.land(drop, "--no-redelivery", "--delivered-at", DELIVERED)
        house.build(*NO_TESTS)
        assert house.published() == built.published()
        assert [result for result in house.parity() if not result["equal"]] == []


def test_full_refresh_gives_the_same_marts(built: Warehouse) -> None:
    before = built.published()
    assert all(before[mart] for mart in ("fct_consent_events", "fct_consent_choices", "agg_consent_company"))
    built.build("--full-refresh", *NO_TESTS)
    assert built.published() == before
    assert [result for result in built.parity() if not result["equal"]] == []
