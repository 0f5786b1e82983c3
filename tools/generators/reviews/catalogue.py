"""The made-up shop: its products with their ids and popularity, and how many of them can be reviewed."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pyarrow as pa

from tools.generators.columns import Columns
from tools.generators.reviews.draw import power_law, stream
from tools.generators.reviews.words import BRANDS, DESCRIPTIONS, PATHS, TITLES
from tools.generators.texts import fixed

NONE = -1
UNKNOWN = 7  # ids that no delivery describes
LEAST_WITH_WITHHELD = 10  # from this number of products on, the first delivery leaves one out
PRODUCTS_OF_A_PATH = 3  # the minimum, whatever else changes
POPULARITY = (9, 0.9)  # shift and exponent of the power law
NUMERIC_ID_PLACE, NUMERIC_ID_EVERY = 7, 20  # which ids are book numbers

# weights of 1 to 5 stars, by the quality of a product
RATING_WEIGHTS = np.array([[4, 5, 10, 21, 60], [8, 7, 12, 23, 50], [18, 13, 17, 22, 30], [2, 3, 6, 17, 72]])

_DIGITS = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8)


@dataclass(kw_only=True)
class Products(Columns):
    """Metadata of products: numbers of words, cents, ranks; NONE where a value is missing."""

    brand: np.ndarray
    cents: np.ndarray
    rank: np.ndarray
    path: np.ndarray
    second_path: np.ndarray
    title: np.ndarray
    description: np.ndarray
    related: np.ndarray


@dataclass(frozen=True)
class Catalogue:
    """Products are numbered: first those of the shop, then those that are new in the redelivery, then ids that are
    never described, then the one for a missing id. `withheld` are products of the shop that only the redelivery
    describes.
    """

    start: date
    days: int
    reviews_per_day: int
    size: int
    products: Products
    withheld: np.ndarray
    by_popularity: np.ndarray

    @property
    def new(self) -> range:
        return range(self.size, len(self.products))

    @property
    def unknown(self) -> range:
        return range(len(self.products), len(self.products) + UNKNOWN)

    @property
    def missing(self) -> int:
        return self.unknown.stop

    @property
    def first_day(self) -> int:
        return int(np.datetime64(self.start, "D").astype(np.int64))

    @property
    def anchored(self) -> int:
        """The first products keep their place in the categories, so that no category has only one product."""
        return min(self.size, PRODUCTS_OF_A_PATH * paths_used(self.size))

    @cached_property
    def is_withheld(self) -> np.ndarray:
        """By product number, including the missing one."""
        return np.isin(np.arange(self.missing + 1), self.withheld)

    @cached_property
    def popularity(self) -> np.ndarray:
        return power_law(self.size, *POPULARITY)

    @cached_property
    def ids(self) -> list[str]:
        """ASINs by number; that of the missing one is empty."""
        return [*asins(np.arange(self.missing)).to_pylist(), ""]

    @cached_property
    def has_letters(self) -> np.ndarray:
        return np.arange(self.missing + 1) % NUMERIC_ID_EVERY != NUMERIC_ID_PLACE


def build(start: date, days: int, reviews_per_day: int, size: int, seed: int, *, clean: bool) -> Catalogue:
    rng = stream(seed, "catalogue")
    products = _draw_products(rng, size + max(1, size // 50), paths_used(size))
    by_popularity = rng.permutation(size)
    tail = by_popularity[size // 2 :]
    tail = tail[tail >= PRODUCTS_OF_A_PATH * paths_used(size)]
    withheld = tail[: 0 if clean or size < LEAST_WITH_WITHHELD else max(1, size // 100)]
    return Catalogue(start, days, reviews_per_day, size, products, np.sort(withheld), by_popularity)


def paths_used(size: int) -> int:
    """How many categories this number of products fills; none where a product would be alone."""
    return min(len(PATHS), max(1, size // 8)) if size > 1 else 0


def _draw_products(rng: np.random.Generator, rows: int, paths: int) -> Products:
    numbers = np.arange(rows)
    some = max(1, paths)
    path = np.where(numbers < PRODUCTS_OF_A_PATH * paths, numbers % some, rng.integers(0, some, rows))
    untold = (numbers >= PRODUCTS_OF_A_PATH * paths) & _chance(rng, rows, 3)
    second = np.where(_chance(rng, rows, 40), rng.integers(0, some, rows), NONE)
    return Products(
        brand=np.where(_chance(rng, rows, 30), NONE, rng.integers(0, len(BRANDS), rows)),
        cents=np.where(
            _chance(rng, rows, 25), NONE, 100 * rng.integers(4, 220, rows) + rng.choice([0, 49, 95, 99], rows)
        ),
        rank=np.where(_chance(rng, rows, 15), NONE, rng.integers(1, 2_000_000, rows)),
        path=np.where(untold | (paths == 0), NONE, path),
        second_path=np.where((second == path) | untold | (paths == 0), NONE, second),
        title=np.where(_chance(rng, rows, 1), NONE, rng.integers(0, len(TITLES), rows)),
        description=np.where(_chance(rng, rows, 20), NONE, rng.integers(0, len(DESCRIPTIONS), rows)),
        related=np.where(_chance(rng, rows, 30), NONE, rng.integers(0, 2**31, rows)),
    )


def _chance(rng: np.random.Generator, rows: int, percent: int) -> np.ndarray:
    return rng.integers(0, 100, rows) < percent


def asins(numbers: np.ndarray) -> pa.Array:
    """Ten characters each: B00 followed by letters and digits, or the digits of a book. All are different."""
    text = np.empty((len(numbers), 10), dtype=np.uint8)
    text[:, :3] = np.frombuffer(b"B00", dtype=np.uint8)
    text[:, 3:] = base36((numbers * 1_548_127_177 + 31_337) % 36**7, 7)
    of_book = numbers % NUMERIC_ID_EVERY == NUMERIC_ID_PLACE
    digits = (numbers[of_book] * 387_420_489 + 31_887) % 10**9
    text[of_book, 0] = ord("0")
    text[np.ix_(of_book, range(1, 10))] = ord("0") + digits[:, None] // 10 ** np.arange(8, -1, -1) % 10
    return fixed(text)


def base36(values: np.ndarray, width: int) -> np.ndarray:
    """The digits of each value, as ASCII."""
    text = np.empty((len(values), width), dtype=np.uint8)
    rest = values
    for place in range(width - 1, -1, -1):
        rest, digit = np.divmod(rest, rest.dtype.type(36))
        text[:, place] = _DIGITS[digit.astype(np.int64)]
    return text
