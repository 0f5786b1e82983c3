"""What is planted as separate records: shared texts, bursts, and look-alikes."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from tools.generators.reviews.catalogue import Catalogue
from tools.generators.reviews.draw import stream
from tools.generators.reviews.faults import NUMBERS
from tools.generators.reviews.rows import FIRST_IN_PLAN, LOADS, Reviews, draw, within

REVIEWS_PER_TEXT_GROUP = 5_000
MOST_TEXT_GROUPS = 40
PEOPLE_OF_A_TEXT = 4
BURST, EQUAL_BURST, BUSY_DAY = 25, 30, 40
LEAST_PRODUCTS, LEAST_REVIEWS = 100, 2_000  # of a run, for bursts to stand out


@dataclass
class Planned:
    """Records by day of the run and load; `levels` are the ratings of all reviews of a product on a day since 1970."""

    records: dict[tuple[int, int], list[Reviews]] = field(default_factory=lambda: defaultdict(list))
    levels: dict[tuple[int, int], int] = field(default_factory=dict)
    cells: list[tuple[str, Reviews]] = field(default_factory=list)

    def level(self, reviews: Reviews) -> None:
        """Gives the reviews of a product on the day of its burst the one rating."""
        for (product, day), rating in self.levels.items():
            reviews.rating[(reviews.product == product) & (reviews.day == day)] = rating

    def is_levelled(self, reviews: Reviews) -> np.ndarray:
        found = np.zeros(len(reviews), dtype=bool)
        for product, day in self.levels:
            found |= (reviews.product == product) & (reviews.day == day)
        return found


def build(catalogue: Catalogue, seed: int, *, clean: bool) -> Planned:
    """The plan of a run; a clean run has only look-alikes. A small run has no plan."""
    plan = Planned()
    total = catalogue.days * catalogue.reviews_per_day
    if total < LEAST_REVIEWS or catalogue.size < LEAST_PRODUCTS or catalogue.days < 2:
        return plan
    write = _Writer(plan, catalogue, stream(seed, "plan"), total + catalogue.reviews_per_day)
    popular = [number for number in catalogue.by_popularity.tolist() if not catalogue.is_withheld[number]]
    if not clean:
        for _ in range(min(MOST_TEXT_GROUPS, max(2, total // REVIEWS_PER_TEXT_GROUP))):
            write.shared_text(PEOPLE_OF_A_TEXT)
        for _ in range(2):
            write.reviewer_burst(popular)
        for product, rating in ((popular[len(popular) // 2], 5), (popular[len(popular) // 2 + 1], 1)):
            write.equal_ratings(product, rating)
    for _ in range(2):
        write.same_reviewer_twice()
    write.prolific_reviewer()
    write.busy_day(popular[0])
    return plan


class _Writer:
    """Adds records to a plan; their numbers follow those of all days, including that of the redelivery."""

    def __init__(self, plan: Planned, catalogue: Catalogue, rng: np.random.Generator, first_number: int) -> None:
        self._plan = plan
        self._catalogue = catalogue
        self._rng = rng
        self._number = first_number
        self._person = FIRST_IN_PLAN

    def shared_text(self, people: int) -> None:
        """The same long text by several people, about different products, on neighbouring days."""
        reviews = self._draw(people)
        reviews.words[:] = reviews.number[0]
        self._distinct_products(reviews)
        self._add("shared_text", reviews, self._random_day() + np.arange(people) // 2)

    def same_reviewer_twice(self) -> None:
        reviews = self._draw(2)
        reviews.words[:] = reviews.number[0]
        reviews.reviewer[:] = reviews.reviewer[0]
        self._add("same_reviewer_twice", reviews, self._random_day() + np.arange(2))

    def reviewer_burst(self, popular: list[int]) -> None:
        reviews = self._draw(BURST)
        reviews.reviewer[:] = reviews.reviewer[0]
        reviews.product[:] = self._rng.permutation(popular)[:BURST]
        self._add("reviewer_burst", reviews, self._random_day() + np.zeros(BURST, dtype=np.int64))

    def prolific_reviewer(self) -> None:
        """One review per day by one person, at least as many as in a burst if the run is long enough."""
        reviews = self._draw(min(self._catalogue.days, 2 * BURST))
        reviews.reviewer[:] = reviews.reviewer[0]
        self._add("prolific_reviewer", reviews, np.arange(len(reviews)))

    def equal_ratings(self, product: int, rating: int) -> None:
        reviews = self._draw(EQUAL_BURST)
        reviews.product[:], reviews.rating[:] = product, rating
        day = self._random_day()
        self._plan.levels[product, self._catalogue.first_day + day] = rating
        self._add("equal_ratings_burst", reviews, day + np.zeros(EQUAL_BURST, dtype=np.int64))

    def busy_day(self, product: int) -> None:
        reviews = self._draw(BUSY_DAY)
        reviews.product[:] = product
        reviews.rating[:] = 1 + np.arange(BUSY_DAY) % 5
        self._add("popular_product_day", reviews, self._random_day() + np.zeros(BUSY_DAY, dtype=np.int64))

    def _draw(self, rows: int) -> Reviews:
        numbers = self._number + np.arange(rows)
        reviews = draw(self._rng, self._catalogue, numbers, 0)
        reviews.reviewer[:] = self._person + np.arange(rows)
        reviews.product[:] = self._known(reviews.product)
        self._number += rows
        self._person += rows
        return reviews

    def _known(self, products: np.ndarray) -> np.ndarray:
        """The products, with the most popular one in place of any that is described later."""
        return np.where(self._catalogue.is_withheld[products], self._catalogue.by_popularity[0], products)

    def _distinct_products(self, reviews: Reviews) -> None:
        size = self._catalogue.anchored
        reviews.product[:] = self._rng.permutation(size)[: len(reviews)] if size >= len(reviews) else reviews.product

    def _random_day(self) -> int:
        return int(self._rng.integers(0, self._catalogue.days - 1))

    def _add(self, kind: str, reviews: Reviews, days: np.ndarray) -> None:
        reviews.tag[:] = NUMBERS[kind]
        days = np.minimum(days, self._catalogue.days - 1)
        reviews.day[:] = reviews.said[:] = self._catalogue.first_day + days
        loads = np.arange(len(reviews)) % len(LOADS)
        for day in np.unique(days).tolist():
            for load in range(len(LOADS)):
                if (rows := (days == day) & (loads == load)).any():
                    self._plan.records[day, load].append(within(reviews, rows))
        self._plan.cells.append((kind, reviews))
