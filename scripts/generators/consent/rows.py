"""Stored records: what sampling keeps of the populations, in columns."""

from dataclasses import dataclass, field, fields

import numpy as np

from scripts.generators.ad_serving.draw import mix
from scripts.generators.ad_serving.events import draw_ids
from scripts.generators.consent import catalogue as market
from scripts.generators.consent.catalogue import HOUR_MS, PAGEVIEW, Company
from scripts.generators.consent.population import NONE, Population, percents

EXPERIMENT_PERCENT = 30
FLOAT32, NEXT_DOUBLE = 1, 2  # how a rate is noisy
SHORT, LONG, CUT, SINGLE_QUOTED, TRAILING = range(1, 6)  # damages: two of the record, three of its PARAMETERS


@dataclass
class Rows:
    """`text` holds what a planted fault writes instead: {column: {row: value}}. `fault` is 0 or 1 + the number of the
    planted kind."""

    id: np.ndarray  # uint8 (rows, 16)
    user: np.ndarray  # the same
    company: np.ndarray  # number of the company
    file: np.ndarray  # number of the company in whose file it stands
    kind: np.ndarray
    at: np.ndarray
    window: np.ndarray
    status: np.ndarray
    told: np.ndarray  # the status that PARAMETERS tell
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
    experiment: np.ndarray
    percent: np.ndarray
    noise: np.ndarray
    count: np.ndarray  # 0 is missing
    damage: np.ndarray
    fault: np.ndarray
    text: dict[str, dict[int, str | None]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.kind)

    def write(self, column: str, row: int, value: str | None) -> None:
        self.text.setdefault(column, {})[int(row)] = value


COLUMNS = tuple(f.name for f in fields(Rows) if f.name != "text")


def take(rows: Rows, places: np.ndarray) -> Rows:
    """The rows in that order, copied."""
    texts = {}
    for column, cells in rows.text.items():
        found = np.flatnonzero(np.isin(places, list(cells)))
        if len(found):
            texts[column] = {int(new): cells[int(places[new])] for new in found}
    return Rows(**{name: getattr(rows, name)[places] for name in COLUMNS}, text=texts)


def concat(parts: list[Rows]) -> Rows:
    texts: dict[str, dict[int, str | None]] = {}
    before = 0
    for part in parts:
        for column, cells in part.text.items():
            texts.setdefault(column, {}).update({before + row: value for row, value in cells.items()})
        before += len(part)
    return Rows(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in COLUMNS}, text=texts)


def inverse(percent: np.ndarray) -> np.ndarray:
    """How many events a record stands for as the platform says: the inverse of its rate, rounded."""
    return (200 + percent) // (2 * percent)


def sample(company: Company, population: Population, rng: np.random.Generator) -> Rows:
    """What the platform stores: each event with the share of its type as its probability."""
    share = percents(company, population)
    kept = np.flatnonzero(rng.integers(0, 100, len(population)) < share)
    rows, percent = len(kept), share[kept]
    salt = int(rng.integers(0, 2**62))
    at, kind, country = population.at[kept], population.kind[kept], population.country[kept]
    first, number = market.REGIONS_OF[country].T
    untold_region = (number == 0) | (rng.integers(0, 100, rows) < 8)
    noise = np.where(percent == 100, 0, np.array([FLOAT32] * 8 + [NEXT_DOUBLE] * 3 + [0] * 89)[_percent(rng, rows)])
    # a user stays with a deployment, and a mobile one has none for lack of a network now and then
    deployment = population.user[kept] % len(company.deployments)
    unknown_deployment = (population.sdk[kept] == market.MOBILE) & (_percent(rng, rows) < 2)
    return Rows(
        id=draw_ids(rng, rows),
        user=_user_ids(population.user[kept], salt),
        company=np.full(rows, company.number),
        file=np.full(rows, company.number),
        kind=kind,
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
        deployment=np.where(unknown_deployment, NONE, deployment),
        experiment=np.where((kind != PAGEVIEW) & (_percent(rng, rows) < EXPERIMENT_PERCENT), 1 + salt % 7, NONE),
        percent=percent,
        noise=noise,
        count=inverse(percent),
        damage=np.zeros(rows, dtype=np.int64),
        fault=np.zeros(rows, dtype=np.int64),
    )


def _percent(rng: np.random.Generator, size: int) -> np.ndarray:
    return rng.integers(0, 100, size)


def _user_ids(users: np.ndarray, salt: int) -> np.ndarray:
    """Made-up UUIDs, version 4: the same for the same user of a company."""
    ids = np.stack([mix(users, salt), mix(users, salt + 1)], axis=1).astype(">u8").view(np.uint8).reshape(-1, 16)
    ids[:, 6] = ids[:, 6] & 0x0F | 0x40
    ids[:, 8] = ids[:, 8] & 0x3F | 0x80
    return ids
