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


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("samples")
    draw(folder / "drop")
    with warehouse("consent") as house:
        house.land(folder / "drop", "--delivered-at", "2025-09-09T06:00:00Z")
        house.build(*NO_TESTS, "--select", "+agg_consent_company")
        yield house


def draw(drop: Path) -> None:
    """Each company stores every event of the same population with the probability of its stratum.

    Across the companies the draws of an event are a Latin hypercube: by themselves they are as random as any, together
    they cover 0 to 1 evenly, so that the mean of 500 samples shows a bias and not the luck of a seed.
    """
    random = np.random.default_rng(SEED)
    (drop / "events").mkdir(parents=True)
    (drop / "companies.csv").write_text(
        "PUBLIC_API_KEY,INDUSTRY_BACK,INDUSTRY_FRONT,HQ_COUNTRY\n"
        + "".join(f"company-{number:03},Media,Media,France\n" for number in range(SAMPLES))
    )
    columns: dict[str, list[object]] = {"TYPE": [], "RATE": [], "COUNT": [], "APIKEY": []}
    for stratum in POPULATION:
        places = random.permuted(np.tile(np.arange(SAMPLES), (stratum.events, 1)), axis=1)
        stored = (places + random.random(places.shape)) / SAMPLES < stratum.rate
        for number, count in enumerate(stored.sum(axis=0).tolist()):
            columns["TYPE"] += [stratum.event_type] * count
            columns["RATE"] += [stratum.rate] * count
            columns["COUNT"] += [round(1 / stratum.rate)] * count
            columns["APIKEY"] += [f"company-{number:03}"] * count
    events = len(columns["TYPE"])
    ids = [str(uuid.UUID(bytes=random.bytes(16))) for _ in range(events)]
    times = ["2025-09-05 12:00:00.000"] * events
    pq.write_table(pa.table({"EVENT_ID": ids, "EVENT_TIME": times, **columns}), drop / "events" / "samples.parquet")


def estimates(house: Warehouse, name: str) -> list[tuple[float, float, float]]:
    rows = house.rows(
        f"select cast({name} as double), {name}_low, {name}_high from marts.agg_consent_company order by company_id"
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
    [(said,)] = samples.rows(f"select avg({name}_se) from marts.agg_consent_company")
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


def test_both_engines_estimate_the_same(samples: Warehouse) -> None:
    assert all(result["equal"] for result in samples.parity("--select", "agg_consent_company"))
