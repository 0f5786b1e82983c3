"""Intervals hold the truth as often as they say: 500 samples of one population, each landed as a company of its own."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.drops import NO_TESTS
from support.warehouse import Warehouse, warehouse

SAMPLES = 500
SEED = 20260905


@dataclass(frozen=True)
class Stratum:
    event_type: str
    events: int
    rate: float


POPULATION = (
    Stratum("consent.asked", 1500, 0.5),
    Stratum("consent.given", 800, 0.2),
    Stratum("pageview", 600, 0.1),
    Stratum("pageview", 2000, 0.03),
    Stratum("ui.action", 20, 1.0),
)
TOTALS = {"consent_asked": 1500, "consent_given": 800, "pageview": 2600, "ui_action": 20, "events": 4920}
CONVERSION = 800 / 1500

# populations that are sampled by user: so many users, with 1 to 5 pageviews each. A user has one number for all samples
# of one, and its pageviews are stored whose rate is above that number: all or none, where all have one rate
USERS, MOST_PAGES = 240, 5
PAGES = 1 + np.arange(USERS) % MOST_PAGES
BY_USER = {"by-user": (0.25,), "two-rates": (0.25, 0.5)}
"""Companies, and the rates that the pageviews of a user have in turn."""


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("samples")
    draw(folder / "drop")
    with warehouse("consent") as house:
        house.land(folder / "drop", "--delivered-at", "2025-09-09T06:00:00Z")
        house.build(*NO_TESTS, "--select", "+agg_consent_company", "+agg_consent_design_effects")
        yield house


def numbers(random: np.random.Generator, units: int) -> np.ndarray:
    """A number between 0 and 1 of each unit for each sample, which stores the unit where its rate is above that.

    Across the samples the draws of a unit are a Latin hypercube: by themselves they are as random as any, together they
    cover 0 to 1 evenly, so that the mean of 500 samples shows a bias and not the luck of a seed.
    """
    places = random.permuted(np.tile(np.arange(SAMPLES), (units, 1)), axis=1)
    return (places + random.random(places.shape)) / SAMPLES


def draw(drop: Path) -> None:
    """Each company stores every event of the same population with the probability of its stratum.

    Each company of BY_USER stores the users of another population.
    """
    random = np.random.default_rng(SEED)
    (drop / "events").mkdir(parents=True)
    (drop / "companies.csv").write_text(
        "PUBLIC_API_KEY,INDUSTRY_BACK,INDUSTRY_FRONT,HQ_COUNTRY\n"
        + "".join(f"company-{number:03},Media,Media,France\n" for number in range(SAMPLES))
    )
    columns: dict[str, list[object]] = {"TYPE": [], "RATE": [], "COUNT": [], "APIKEY": [], "USER_ID": []}
    for stratum in POPULATION:
        for number, count in enumerate((numbers(random, stratum.events) < stratum.rate).sum(axis=0).tolist()):
            columns["TYPE"] += [stratum.event_type] * count
            columns["RATE"] += [stratum.rate] * count
            columns["COUNT"] += [round(1 / stratum.rate)] * count
            columns["APIKEY"] += [f"company-{number:03}"] * count
            columns["USER_ID"] += [None] * count
    for company, rates in BY_USER.items():
        drawn = numbers(np.random.default_rng(SEED), USERS)
        for user, pages in enumerate(PAGES.tolist()):
            for page in range(pages):
                rate = rates[page % len(rates)]
                for number in np.flatnonzero(drawn[user] < rate).tolist():
                    columns["TYPE"].append("pageview")
                    columns["RATE"].append(rate)
                    columns["COUNT"].append(round(1 / rate))
                    columns["APIKEY"].append(f"{company}-{number:03}")
                    columns["USER_ID"].append(f"user-{user}")
    events = len(columns["TYPE"])
    ids = [str(uuid.UUID(bytes=random.bytes(16))) for _ in range(events)]
    times = ["2025-09-05 12:00:00.000"] * events
    pq.write_table(pa.table({"EVENT_ID": ids, "EVENT_TIME": times, **columns}), drop / "events" / "samples.parquet")


def estimates(house: Warehouse, name: str) -> list[tuple[float, float, float]]:
    rows = house.rows(
        f"select cast({name} as double), {name}_low, {name}_high from marts.agg_consent_company "
        "where company_id like 'company-%' order by company_id"
    )
    assert len(rows) == SAMPLES
    return rows


def estimates_by_user(house: Warehouse, company: str, errors: str) -> list[tuple[float, float, float, float]]:
    """Of each sample of users: the estimate, its standard error and its interval."""
    rows = house.rows(
        f"select cast(events_weighted_once as double), {errors}_se, {errors}_low, {errors}_high "
        f"from marts.agg_consent_design_effects where company_id like '{company}-%' order by company_id"
    )
    assert len(rows) == SAMPLES
    return rows


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("consent_asked_weighted_once", TOTALS["consent_asked"]),
        ("consent_given_weighted_once", TOTALS["consent_given"]),
        ("pageview_weighted_once", TOTALS["pageview"]),
        ("events_weighted_once", TOTALS["events"]),
        ("conversion_rate_weighted_once", CONVERSION),
    ],
)
def test_intervals_hold_the_truth_in_95_of_100_cases_and_do_not_lean(
    samples: Warehouse, name: str, truth: float
) -> None:
    drawn = estimates(samples, name)
    held = sum(low <= truth <= high for _, low, high in drawn) / SAMPLES
    assert 0.93 <= held <= 0.97
    errors = [value - truth for value, _, _ in drawn]
    assert abs(fmean(errors)) <= stdev(errors) / sqrt(SAMPLES)


@pytest.mark.parametrize(
    "name", ["consent_asked_weighted_once", "pageview_weighted_once", "conversion_rate_weighted_once"]
)
def test_the_standard_error_is_the_spread_of_the_estimates(samples: Warehouse, name: str) -> None:
    spread = stdev(value for value, _, _ in estimates(samples, name))
    [(said,)] = samples.rows(f"select avg({name}_se) from marts.agg_consent_company where company_id like 'company-%'")
    assert said == pytest.approx(spread, rel=0.1)


def test_a_complete_type_has_no_error(samples: Warehouse) -> None:
    assert set(estimates(samples, "ui_action_weighted_once")) == {(20, 20, 20)}


def test_the_extrapolated_volume_keeps_the_relative_interval_and_misses_the_truth(samples: Warehouse) -> None:
    """COUNT already is 1 / RATE, so COUNT / RATE counts the weight twice: 10 and 33 times too many pageviews."""
    for extrapolated, once in zip(
        estimates(samples, "consent_asked_extrapolated"), estimates(samples, "consent_asked_weighted_once"), strict=True
    ):
        assert extrapolated == pytest.approx([2 * value for value in once])
    assert all(low > TOTALS["pageview"] for _, low, _ in estimates(samples, "pageview_extrapolated"))


@pytest.mark.parametrize("company", BY_USER)
def test_where_users_were_drawn_the_interval_by_user_holds_the_truth_and_the_one_by_event_does_not(
    samples: Warehouse, company: str
) -> None:
    truth = PAGES.sum()
    held = {
        errors: sum(low <= truth <= high for _, _, low, high in estimates_by_user(samples, company, errors)) / SAMPLES
        for errors in ("events_weighted_once_by_user", "events_weighted_once")
    }
    assert 0.93 <= held["events_weighted_once_by_user"] <= 0.97
    assert held["events_weighted_once"] < 0.8


@pytest.mark.parametrize("company", BY_USER)
def test_where_users_were_drawn_the_standard_error_by_user_is_the_spread(samples: Warehouse, company: str) -> None:
    drawn = estimates_by_user(samples, company, "events_weighted_once_by_user")
    assert fmean(error for _, error, _, _ in drawn) == pytest.approx(stdev(value for value, *_ in drawn), rel=0.1)
    [(effect,)] = samples.rows(
        f"select avg(design_effect) from marts.agg_consent_design_effects where company_id like '{company}-%'"
    )
    assert effect == pytest.approx(true_design_effect(BY_USER[company]), rel=0.05)


def true_design_effect(rates: tuple[float, ...]) -> float:
    """The variance of the total where users are drawn, over that where events are drawn with the same rates.

    Two pageviews of a user are both stored in as many samples as the smaller rate says. There they add the product of
    their weights to the square of the total, so on average the smaller weight.
    """
    by_user = by_event = 0.0
    for pages in PAGES.tolist():
        weights = [1 / rates[page % len(rates)] for page in range(pages)]
        by_user += sum(min(one, other) for one in weights for other in weights) - pages**2
        by_event += sum(weight - 1 for weight in weights)
    return by_user / by_event


def test_where_no_user_is_known_nothing_is_said_by_user(samples: Warehouse) -> None:
    found = samples.rows(
        "select distinct users_sampled, share_with_user_sampled, events_weighted_once_by_user_se, design_effect "
        "from marts.agg_consent_design_effects where company_id like 'company-%'"
    )
    assert found == [(0, 0, None, 1)]


def test_both_engines_estimate_the_same(samples: Warehouse) -> None:
    results = samples.parity("--select", "agg_consent_company", "agg_consent_design_effects")
    assert len(results) == 2
    assert all(result["equal"] for result in results)
