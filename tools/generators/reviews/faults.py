"""Which faults are planted into review records, how often, and what they do to them. Each record has at most one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tools.generators.columns import concat, take
from tools.generators.draw import share
from tools.generators.reviews.catalogue import Catalogue
from tools.generators.reviews.formats import reviewer_ids
from tools.generators.reviews.rows import BLANK, FIRST_ONE_TIMER, LONG, NOT_UTF8, SHORT, UNCLOSED, Reviews

FUTURE_DAYS = 400
RATINGS = ("0.0", "6.0", "10.0", "4.5", "five")
MISSING = ("", "  ")
UNREADABLE_TIMES = (("n/a", "n/a"), ("", ""), ("soon", "13 45, 2014"))
UNREADABLE_VOTES = ("[3, ", "3 of 5", "[1]")
CORRECTED_TEXT = 2**35  # added to the number of a rewritten text


@dataclass(frozen=True)
class RowFault:
    """`rate` is in rows per million. A `beside` fault adds a record, other faults damage an existing one. Those of
    `entity` lookalikes are not faults: no rule may find them."""

    rate: int
    spoil: Callable[[Reviews, Catalogue, np.random.Generator], None]
    rule: str
    beside: bool = False
    entity: str = "reviews"
    needs_letters: bool = False


def spoil_rating(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    reviews.rating[:] = 0
    _write_by_turns(reviews, {"overall": RATINGS}, rng)


def shift_said_day(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    reviews.said += rng.integers(1, 31, len(reviews)) * rng.choice([-1, 1], len(reviews))


def move_to_future(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    reviews.day += FUTURE_DAYS
    reviews.said += FUTURE_DAYS


def name_unknown_product(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    lettered = [number for number in catalogue.unknown if catalogue.has_letters[number]]
    reviews.product[:] = rng.choice(lettered, len(reviews))


def drop_product(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    reviews.product[:] = catalogue.missing
    _write_by_turns(reviews, {"asin": MISSING}, rng)


def drop_reviewer(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    reviews.counted[:] = False
    _write_by_turns(reviews, {"reviewerID": MISSING}, rng)


def make_times_unreadable(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    reviews.counted[:] = False
    unix, said = zip(*UNREADABLE_TIMES, strict=True)
    _write_by_turns(reviews, {"unixReviewTime": unix, "reviewTime": said}, rng)


def make_one_time_unreadable(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    for row, turn in enumerate(_turns(reviews, 2 * len(UNREADABLE_TIMES), rng)):
        way, column = divmod(turn, 2)
        reviews.write(("unixReviewTime", "reviewTime")[column], row, UNREADABLE_TIMES[way][column])


def raise_helpful_votes(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    reviews.helpful[:] = reviews.total + rng.integers(1, 9, len(reviews))


def make_votes_unreadable(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    reviews.helpful[:] = reviews.total[:] = -1
    _write_by_turns(reviews, {"helpful": UNREADABLE_VOTES}, rng)


def respell_product(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    for row, turn in enumerate(_turns(reviews, 2, rng)):
        asin = catalogue.ids[int(reviews.product[row])]
        reviews.write("asin", row, f" {asin} " if turn else asin.lower())


def pad_reviewer(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    for row, reviewer in enumerate(reviewer_ids(reviews.reviewer).to_pylist()):
        reviews.write("reviewerID", row, f" {reviewer}  ")


def make_malformed(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    reviews.counted[:] = False
    reviews.damage[:] = np.array([SHORT, UNCLOSED, NOT_UTF8, LONG])[_turns(reviews, 4, rng)]


def make_blank(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    reviews.counted[:] = False
    reviews.damage[:] = BLANK


def copy(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    reviews.counted[:] = False


def correct(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    """Another rating, a rewritten text, or more votes, in turn."""
    turns = _turns(reviews, 3, rng)
    reviews.rating[:] = np.where(
        turns == 0, 1 + (reviews.rating + rng.integers(0, 4, len(reviews))) % 5, reviews.rating
    )
    reviews.words[:] = np.where(turns == 1, reviews.number + CORRECTED_TEXT, reviews.words)
    grow_votes(reviews, turns == 2, rng)


def grow_votes(reviews: Reviews, rows: np.ndarray, rng: np.random.Generator) -> None:
    more = np.where(rows, rng.integers(1, 12, len(reviews)), 0)
    reviews.total += more
    reviews.helpful += more * rng.integers(0, 101, len(reviews)) // 100


def repeat(reviews: Reviews, catalogue: Catalogue, rng: np.random.Generator) -> None:
    """The record itself is unchanged."""


FAULTS = {
    "rating_out_of_range": RowFault(2000, spoil_rating, "overall is no whole number from 1 to 5; it is no rating"),
    "times_differ": RowFault(1500, shift_said_day, "reviewTime is another day than unixReviewTime, which decides"),
    "future_time": RowFault(1000, move_to_future, "both times are 400 days after the review"),
    "unknown_product": RowFault(1500, name_unknown_product, "asin is of a product that no delivery describes"),
    "missing_product": RowFault(1000, drop_product, "asin is empty or blank; the review counts"),
    "missing_reviewer": RowFault(1000, drop_reviewer, "reviewerID is empty or blank; set the record aside"),
    "unreadable_time": RowFault(1000, make_times_unreadable, "neither time can be read; set the record aside"),
    "votes_above_total": RowFault(1500, raise_helpful_votes, "more helpful votes than votes"),
    "unreadable_votes": RowFault(1000, make_votes_unreadable, "helpful is no list of two numbers; the review counts"),
    "id_respelled": RowFault(
        2000, respell_product, "asin is in lower case or padded; it is the same product", needs_letters=True
    ),
    "malformed_record": RowFault(
        1500, make_malformed, "wrong number of fields, a quote that never closes, or bytes that are no UTF-8; reject it"
    ),
    "blank_line": RowFault(500, make_blank, "an empty line; it is no record", beside=True),
    "duplicate_in_file": RowFault(2000, copy, "the record stands twice in its file; it counts once", beside=True),
    "reviewer_padded": RowFault(
        1000, pad_reviewer, "reviewerID is padded; it is the same reviewer", entity="lookalikes"
    ),
    "one_time_unreadable": RowFault(
        1000, make_one_time_unreadable, "one of the two times can be read, which decides", entity="lookalikes"
    ),
}  # fmt: skip
# copies of records of the first load of a day in the second one
REPEATED = {
    "repeated_in_next_load": RowFault(5000, repeat, "the later load of the day has the record too; it counts once"),
    "corrected_in_next_load": RowFault(
        3000, correct, "the later load of the day has the record with another rating, text or votes, which count"
    ),
}
# what is planted as separate records or in products
PLANNED = (
    *("shared_text", "reviewer_burst", "equal_ratings_burst", "product_described_later"),
    *("same_reviewer_twice", "prolific_reviewer", "popular_product_day"),
)
NUMBERS = {kind: number for number, kind in enumerate([*FAULTS, *REPEATED, *PLANNED], start=1)}
SUPERSEDED = 100  # the tag of a record that the later load of the day repeats


@dataclass
class Planted:
    """Records of a chunk with their faults, and those that the next load of the day repeats."""

    here: Reviews
    again: Reviews


def nothing(reviews: Reviews) -> Planted:
    return Planted(reviews, take(reviews, np.arange(0)))


def plant(
    reviews: Reviews,
    free: np.ndarray,
    catalogue: Catalogue,
    rng: np.random.Generator,
    due: frozenset[str],
    *,
    is_repeated: bool,
) -> Planted:
    """Plants each kind at its rate, and `due` kinds at least once, into `free` reviews of people who write one."""
    order = rng.permutation(len(reviews))
    free = free & (reviews.tag == 0) & (reviews.reviewer >= FIRST_ONE_TIMER)
    spoilt = np.zeros(len(reviews), dtype=bool)
    here, again = [], []
    for name, kind in {**FAULTS, **(REPEATED if is_repeated else {})}.items():
        wanted = max(share(rng, len(reviews), kind.rate), int(name in due))
        fits = free & (catalogue.has_letters[reviews.product] | (not kind.needs_letters))
        rows = np.sort(order[fits[order]][:wanted])
        if not len(rows):
            continue
        free[rows] = False
        planted = take(reviews, rows)
        kind.spoil(planted, catalogue, rng)
        planted.tag[:] = NUMBERS[name]
        if name in REPEATED:
            reviews.counted[rows] = False
            reviews.tag[rows] = SUPERSEDED
            again.append(planted)
            continue
        spoilt[rows] = not kind.beside
        here.append(planted)
    left = take(reviews, np.flatnonzero(~spoilt))
    return Planted(concat([left, *here]), concat([take(reviews, np.arange(0)), *again]))


def _write_by_turns(reviews: Reviews, values: dict[str, tuple[str, ...]], rng: np.random.Generator) -> None:
    ways = len(next(iter(values.values())))
    for row, turn in enumerate(_turns(reviews, ways, rng).tolist()):
        for column, of_column in values.items():
            reviews.write(column, row, of_column[turn])


def _turns(reviews: Reviews, ways: int, rng: np.random.Generator) -> np.ndarray:
    """The way assigned to each row: one after the other, from a random start."""
    return (rng.integers(0, ways) + np.arange(len(reviews))) % ways
