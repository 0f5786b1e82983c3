"""The records of reviews as columns, and how they are drawn: one chunk of a load file at a time."""

from dataclasses import dataclass

import numpy as np

from tools.generators.columns import Columns, take
from tools.generators.draw import lognormal_table, pick
from tools.generators.reviews.catalogue import RATING_WEIGHTS, Catalogue
from tools.generators.reviews.draw import power_law, ranks, stream
from tools.generators.reviews.words import SHORT_TEXTS, SUMMARIES

CHUNK = 50_000
LOADS = ("0600", "1800")
REVIEWS_OF_A_REGULAR = 15  # on average
MOST_OF_A_DAY = 3  # reviews of a regular
REGULAR_PERCENT = 45
FIRST_ONE_TIMER, FIRST_IN_PLAN = 2**40, 2**50
LAGS = np.array([80, 10, 6, 4]).cumsum()  # percent of the reviews of others that are 0 to 3 days old
OLD_DAYS = (9_862, 11_322)  # 1997-01-01 and 2000-12-31
OLD_PER_THOUSAND = 3
SHORT_PERCENT = 25
LEAST_EQUAL = 4  # from this many reviews of a product and day in a chunk, not all have the same rating

# damage to an entire record
SHORT, LONG, UNCLOSED, NOT_UTF8, BLANK = range(1, 6)

_VOTES = lognormal_table(1.6)


@dataclass(kw_only=True)
class Reviews(Columns):
    """`reviewer` and `product` are numbers; `day` is that of unixReviewTime since 1970, `said` that of reviewTime. A
    `rating` of 0 means none, and so do votes of -1. A long text is numbered from 0, a short one from -1 down. `counted`
    are the records that a reader counts who keeps the last record of each review. `tag` is the number of the planted
    kind."""

    number: np.ndarray
    reviewer: np.ndarray
    product: np.ndarray
    day: np.ndarray
    said: np.ndarray
    rating: np.ndarray
    helpful: np.ndarray
    total: np.ndarray
    words: np.ndarray
    summary: np.ndarray
    padded: np.ndarray
    counted: np.ndarray
    damage: np.ndarray
    tag: np.ndarray


@dataclass(frozen=True)
class Chunk:
    """A chunk of a load of a day of the run; its first review has the number `first`."""

    day: int
    load: int
    number: int
    first: int
    count: int

    def stream(self, seed: int, name: str) -> np.random.Generator:
        """The random draws of one purpose."""
        return stream(seed, name, self.day, self.load * 1_000_000 + self.number)


def chunks(reviews_per_day: int, day: int) -> list[list[Chunk]]:
    """The chunks of each load of a day; the later load is smaller."""
    loads = []
    begin = day * reviews_per_day
    for load, count in enumerate((reviews_per_day - reviews_per_day // 2, reviews_per_day // 2)):
        firsts = range(0, max(count, 1), CHUNK)
        loads.append([Chunk(day, load, i, begin + first, min(CHUNK, count - first)) for i, first in enumerate(firsts)])
        begin += count
    return loads


def draw(rng: np.random.Generator, catalogue: Catalogue, numbers: np.ndarray, day: int) -> Reviews:
    """Reviews of a day by people who write one, with products drawn by popularity."""
    rows = len(numbers)
    product = catalogue.by_popularity[ranks(rng, catalogue.popularity, rows)]
    rating = 1 + pick(rng, RATING_WEIGHTS, product % len(RATING_WEIGHTS))
    total = np.where(rng.integers(0, 100, rows) < 55, 0, 2 * _VOTES[rng.integers(0, len(_VOTES), rows)] // 10_000)
    helpful = total * rng.integers(20, 101, rows) // 100
    is_short = rng.integers(0, 100, rows) < SHORT_PERCENT
    nothing = np.zeros(rows, dtype=np.int64)
    return Reviews(
        number=numbers,
        reviewer=FIRST_ONE_TIMER + numbers,
        product=product,
        day=nothing + day,
        said=nothing + day,
        rating=rating,
        helpful=helpful,
        total=total,
        words=np.where(is_short, -1 - rng.integers(0, len(SHORT_TEXTS), rows), numbers),
        summary=rng.integers(0, len(SUMMARIES[0]), rows),
        padded=rng.integers(0, 100, rows) < 30,
        counted=nothing == 0,
        damage=nothing.copy(),
        tag=nothing.copy(),
    )


def draw_chunk(catalogue: Catalogue, seed: int, chunk: Chunk, *, with_old: bool = True) -> Reviews:
    """The reviews of a chunk as people write them, without what is planted."""
    rng = chunk.stream(seed, "reviews")
    numbers = chunk.first + np.arange(chunk.count)
    reviews = draw(rng, catalogue, numbers, catalogue.first_day + chunk.day)
    _draw_regulars(rng, catalogue, reviews, chunk)
    others = reviews.reviewer >= FIRST_ONE_TIMER
    lag = np.searchsorted(LAGS, rng.integers(0, 100, chunk.count), side="right")
    reviews.day -= np.where(others, lag, 0)
    old = others & (rng.integers(0, 1000, chunk.count) < OLD_PER_THOUSAND) & with_old
    past = np.minimum(rng.integers(*OLD_DAYS, chunk.count), catalogue.first_day - 1)
    reviews.day = np.where(old, past, reviews.day)
    reviews.said = reviews.day.copy()
    _mix_ratings(reviews)
    return reviews


def _draw_regulars(rng: np.random.Generator, catalogue: Catalogue, reviews: Reviews, chunk: Chunk) -> None:
    """Gives part of the rows to people who write often. On a day each of them writes in only one chunk, never twice
    about the same product, and at most MOST_OF_A_DAY reviews."""
    slots = len(LOADS) * len(chunks(catalogue.reviews_per_day, 0)[0])
    size = max(1, catalogue.reviews_per_day * catalogue.days // (REVIEWS_OF_A_REGULAR * slots))
    rank = ranks(rng, power_law(size, 5, 0.8), chunk.count)
    slot = (chunk.number * len(LOADS) + chunk.load + chunk.day) % slots
    rows = np.flatnonzero(rng.integers(0, 100, chunk.count) < REGULAR_PERCENT)
    pairs = rank[rows] * (catalogue.missing + 1) + reviews.product[rows]
    rows = rows[np.sort(np.unique(pairs, return_index=True)[1])]
    order = rows[np.argsort(rank[rows], kind="stable")]
    of_one = np.searchsorted(rank[order], rank[order])  # where the rows of the same reviewer begin
    kept = order[np.arange(len(order)) - of_one < MOST_OF_A_DAY]
    reviews.reviewer[kept] = rank[kept] * slots + slot


def _mix_ratings(reviews: Reviews) -> None:
    """Where many reviews of a product and day in a chunk have the same rating, gives the first of them another one."""
    order = np.lexsort((reviews.number, reviews.day, reviews.product))
    cells = np.stack([reviews.product[order], reviews.day[order]], axis=1)
    if not len(order):
        return
    starts = np.flatnonzero(np.r_[True, (cells[1:] != cells[:-1]).any(axis=1)])
    sizes = np.diff(np.r_[starts, len(order)])
    rating = reviews.rating[order]
    equal = np.minimum.reduceat(rating, starts) == np.maximum.reduceat(rating, starts)
    changed = order[starts[equal & (sizes >= LEAST_EQUAL)]]
    reviews.rating[changed] = np.where(reviews.rating[changed] > 1, reviews.rating[changed] - 1, 2)


def within(reviews: Reviews, rows: np.ndarray) -> Reviews:
    """The rows for which a condition holds."""
    return take(reviews, np.flatnonzero(rows))
