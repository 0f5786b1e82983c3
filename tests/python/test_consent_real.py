"""The real consent files, from files to marts: both engines say what an independent count says."""

import csv
import datetime as dt
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from statistics import mean, median
from typing import Any

import pyarrow.parquet as pq
import pytest

from duckhouse.settings import PROJECT
from support.consent import COLUMN_OF, assert_estimate, company_record, records
from support.warehouse import Warehouse, warehouse

DELIVERED = "2026-03-25T06:00:00Z"
REAL_DROP = PROJECT.parent / "shared" / "data" / "consent"
REAL_COMPANIES = (
    "49af23d9-0cad-4d42-8adc-744791443345",
    "5f67fa3a-b292-4bd2-b6e0-52257adc3a3b",
    "eb3fdba4-7b9b-4c5e-9a81-7ed2918ff46e",
    "f921ddae-7bbc-4132-a9dd-04683bb89c2d",
)
pytestmark = pytest.mark.skipif(not REAL_DROP.exists(), reason="the real files are not beside the project")

CHOICES = ("full opt-in", "partial opt-in", "opt-out")
SESSION = dt.timedelta(minutes=30)


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
    """What records say of the population: by COUNT / RATE (`extrapolated`), and with each weight once (`once`)."""

    events: Sequence[Event]

    @property
    def sampled(self) -> int:
        return len(self.events)

    @cached_property
    def once(self) -> Fraction:
        return sum((stored(event) / event.rate for event in self.events), Fraction(0))

    @cached_property
    def extrapolated(self) -> Fraction:
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


def test_both_engines_hold_the_same_rows_of_the_real_files(real: Warehouse) -> None:
    results = real.parity()
    assert {result["model"] for result in results} >= {
        "fct_consent_events",
        "agg_consent_company",
        "agg_consent_status",
    }
    assert [result for result in results if not result["equal"]] == []


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
    for reading, exact in (("weighted_once", volume.once), ("extrapolated", volume.extrapolated)):
        assert abs(Fraction(record[f"{name}_{reading}"]) - exact) <= Fraction(1, 10**6)
    error, per_event = math.sqrt(volume.variance), volume.extrapolated / volume.once if volume.once else 0
    assert_estimate(record, f"{name}_weighted_once", float(volume.once), error, at_least=volume.sampled)
    least = float(volume.sampled * per_event)
    assert_estimate(
        record, f"{name}_extrapolated", float(volume.extrapolated), error * float(per_event), at_least=least
    )


@pytest.mark.parametrize("company", REAL_COMPANIES)
def test_volumes_of_the_real_files_equal_an_independent_count(
    real: Warehouse, events: list[Event], company: str
) -> None:
    record = company_record(real, company)
    assert_volume(record, "events", of_company(events, company))
    for event_type, column in COLUMN_OF.items():
        assert_volume(record, column, of_company(events, company, lambda event, kind=event_type: event.type == kind))


@pytest.mark.parametrize("company", REAL_COMPANIES)
def test_rates_of_the_real_files_equal_an_independent_count(real: Warehouse, events: list[Event], company: str) -> None:
    record = company_record(real, company)
    asked = of_company(events, company, lambda event: event.type == "consent.asked")
    given = of_company(events, company, lambda event: event.type == "consent.given")
    choices = Volume([event for event in given.events if event.status in CHOICES])
    opt_ins = Volume([event for event in given.events if event.status == "full opt-in"])

    error = error_of_ratio(given, asked)
    conversion = given.once / asked.once
    headline = given.extrapolated / asked.extrapolated
    assert_estimate(record, "conversion_rate_weighted_once", float(conversion), error)
    assert_estimate(record, "conversion_rate_extrapolated", float(headline), error * float(headline / conversion))
    assert_estimate(
        record, "opt_in_rate_weighted_once", float(opt_ins.once / asked.once), error_of_ratio(opt_ins, asked)
    )
    share = float(opt_ins.once / choices.once)
    assert_estimate(record, "consent_rate_weighted_once", share, error_of_share(opt_ins, choices), at_most=1)
    assert record["conversion_rate_n_sampled"] == given.sampled + asked.sampled
    assert record["opt_in_rate_n_sampled"] == opt_ins.sampled + asked.sampled
    assert record["consent_rate_n_sampled"] == choices.sampled


def error_of_ratio(part: Volume, whole: Volume) -> float:
    ratio = part.once / whole.once
    return math.sqrt(part.variance + ratio**2 * whole.variance) / float(whole.once)


def error_of_share(part: Volume, whole: Volume) -> float:
    share = part.once / whole.once
    return math.sqrt((1 - 2 * share) * part.variance + share**2 * whole.variance) / float(whole.once)


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
            record,
            "share_of_events_weighted_once",
            float(part.once / every.once),
            error_of_share(part, every),
            at_most=1,
        )
        assert_estimate(
            record,
            "share_of_given_weighted_once",
            float(chosen.once / given.once),
            error_of_share(chosen, given),
            at_most=1,
        )
        assert record["is_small_sample"] is (part.sampled < 30)


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


@pytest.mark.parametrize("company", REAL_COMPANIES)
def test_times_to_an_answer_in_the_real_files_equal_an_independent_count(
    real: Warehouse, events: list[Event], company: str
) -> None:
    record = company_record(real, company)
    for definition, (count, linked) in waits(of_company(events, company).events).items():
        seconds = [wait / dt.timedelta(microseconds=1) / 1_000_000 for wait in linked]
        figures = [median(seconds), mean(seconds)] if seconds else [None, None]
        for name, figure in zip(
            ("coverage_sampled", "median_seconds", "mean_seconds"), (len(linked) / count, *figures), strict=True
        ):
            assert record[f"{definition}_{name}"] == (figure if figure is None else pytest.approx(figure, rel=1e-9))
