"""Stored records: what sampling keeps of a population, in columns."""

from dataclasses import dataclass

import numpy as np

from tools.generators.columns import Columns
from tools.generators.consent import catalogue as market
from tools.generators.consent.catalogue import Company
from tools.generators.consent.population import NONE, Population, percents
from tools.generators.draw import draw_ids, mix
from tools.generators.texts import HOUR_MS

FLOAT32, NEXT_DOUBLE = 1, 2  # how a rate is noisy
# how a record is damaged: three ways for the entire record, three for its PARAMETERS
SHORT, LONG, BLANK, CUT, SINGLE_QUOTED, TRAILING = range(1, 7)
REGION_UNTOLD_PERCENT = 8
DEPLOYMENT_UNTOLD_PERCENT = 2  # of mobile records


@dataclass
class Rows(Columns):
    """`stored` is the number of stored events of its rate that a record represents to a reader who keeps the last
    usable record of an id: 0 where it is unusable or repeated. `tag` names the fault or change that the record is
    planted for, by its number from 1."""

    id: np.ndarray  # uint8 (rows, 16)
    user: np.ndarray  # the same
    company: np.ndarray  # number of the company
    kind: np.ndarray
    at: np.ndarray
    window: np.ndarray
    status: np.ndarray
    told: np.ndarray  # the status in PARAMETERS
    previous: np.ndarray
    created: np.ndarray
    updated: np.ndarray
    variant: np.ndarray
    country: np.ndarray
    region: np.ndarray
    device: np.ndarray
    browser: np.ndarray
    sdk: np.ndarray
    deployment: np.ndarray
    percent: np.ndarray
    noise: np.ndarray
    count: np.ndarray  # 0 is missing
    stored: np.ndarray
    damage: np.ndarray
    tag: np.ndarray


def inverse(percent: np.ndarray) -> np.ndarray:
    """How many events a record represents according to the platform: the inverse of its rate, rounded."""
    return (200 + percent) // (2 * percent)


def sample(company: Company, population: Population, rng: np.random.Generator, *, by_user: bool) -> Rows:
    """What the platform stores: each event with the share of its type as its probability.

    by_user: either all pageviews of a user are stored or none.
    """
    share = percents(company, population)
    drawn = rng.integers(0, 100, len(population))
    if by_user:
        of_user = rng.integers(0, 100, len(population))[np.searchsorted(population.user, population.user)]
        drawn = np.where(population.kind == market.PAGEVIEW, of_user, drawn)
    kept = np.flatnonzero(drawn < share)
    rows, percent = len(kept), share[kept]
    salt = int(rng.integers(0, 2**62))
    at, country = population.at[kept], population.country[kept]
    first, number = market.REGIONS_OF[country].T
    untold_region = (number == 0) | (rng.integers(0, 100, rows) < REGION_UNTOLD_PERCENT)
    deployment = population.user[kept] % len(company.deployments)
    untold_deployment = rng.integers(0, 100, rows) < DEPLOYMENT_UNTOLD_PERCENT
    nothing = np.zeros(rows, dtype=np.int64)
    return Rows(
        id=draw_ids(rng, rows),
        user=_user_ids(population.user[kept], salt),
        company=np.full(rows, company.number),
        kind=population.kind[kept],
        at=at,
        window=at // HOUR_MS * HOUR_MS,
        status=population.status[kept],
        told=population.status[kept],
        previous=population.previous[kept],
        created=population.created[kept],
        updated=population.updated[kept],
        variant=population.variant[kept],
        country=country,
        region=np.where(untold_region, NONE, first + rng.integers(0, np.maximum(number, 1))),
        device=population.device[kept],
        browser=population.browser[kept],
        sdk=population.sdk[kept],
        deployment=np.where((population.sdk[kept] == market.MOBILE) & untold_deployment, NONE, deployment),
        percent=percent,
        noise=nothing,
        count=inverse(percent),
        stored=nothing + 1,
        damage=nothing,
        tag=nothing,
    )


def _user_ids(users: np.ndarray, salt: int) -> np.ndarray:
    """Made-up UUIDs, version 4: the same for the same user of a company."""
    ids = np.stack([mix(users, salt), mix(users, salt + 1)], axis=1).astype(">u8").view(np.uint8).reshape(-1, 16)
    ids[:, 6] = ids[:, 6] & 0x0F | 0x40
    ids[:, 8] = ids[:, 8] & 0x3F | 0x80
    return ids
