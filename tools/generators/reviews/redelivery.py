"""The redelivery: records of the last days again, some corrected, late reviews, and the loads of one more day."""

from dataclasses import dataclass

import numpy as np

from tools.generators.columns import concat, take
from tools.generators.draw import share
from tools.generators.reviews.catalogue import Catalogue
from tools.generators.reviews.faults import CORRECTED_TEXT, grow_votes
from tools.generators.reviews.rows import Chunk, Reviews, draw

DAYS = 7
REPEATED = 300_000  # rows per million, as the next one
LATE = 20_000
LATE_DAYS = 20  # at most before the day of the file
VOTED_PERCENT, RATED_PERCENT, WORDED_PERCENT = 40, 15, 10  # of the repeated records
NEW_PRODUCT_PERCENT = 5  # of the reviews of the additional day

CHANGES = {
    "votes_grown": "the record has more votes than first delivered",
    "rating_corrected": "the record's overall is another than first delivered",
    "text_corrected": "the record's text is another than first delivered",
    "late_review": "the record is in the redelivery only, and of a day that the first delivery has",
}
TAGS = {kind: number for number, kind in enumerate(CHANGES, start=200)}


@dataclass
class Redelivered:
    """`rows` are delivered now and replace the records of `before`, as first delivered."""

    rows: Reviews
    before: Reviews


def draw_again(
    catalogue: Catalogue, seed: int, chunk: Chunk, delivered: Reviews, levelled: np.ndarray, first_number: int
) -> Redelivered:
    """Part of the records of a delivered chunk that have nothing planted, and late ones. Ratings of `levelled` records
    stay."""
    rng = chunk.stream(seed, "redelivery")
    untouched = np.flatnonzero(delivered.tag == 0)
    chosen = np.sort(rng.permutation(untouched)[: share(rng, len(untouched), REPEATED)])
    before, rows = take(delivered, chosen), take(delivered, chosen)
    drawn = rng.integers(0, 100, len(rows))
    voted = drawn < VOTED_PERCENT
    grow_votes(rows, voted, rng)
    rated = (drawn >= VOTED_PERCENT) & (drawn < VOTED_PERCENT + RATED_PERCENT) & ~levelled[chosen]
    rows.rating[:] = np.where(rated, 1 + (rows.rating + rng.integers(0, 4, len(rows))) % 5, rows.rating)
    worded = drawn >= 100 - WORDED_PERCENT
    rows.words[:] = np.where(worded, rows.number + CORRECTED_TEXT, rows.words)
    for kind, changed in (("votes_grown", voted), ("rating_corrected", rated), ("text_corrected", worded)):
        rows.tag[changed] = TAGS[kind]
    return Redelivered(concat([rows, _draw_late(catalogue, seed, chunk, first_number)]), before)


def _draw_late(catalogue: Catalogue, seed: int, chunk: Chunk, first_number: int) -> Reviews:
    rng = chunk.stream(seed, "late")
    numbers = first_number + np.arange(share(rng, chunk.count, LATE))
    late = draw(rng, catalogue, numbers, catalogue.first_day + chunk.day)
    late.day -= np.minimum(rng.integers(0, LATE_DAYS + 1, len(late)), chunk.day)
    late.said[:] = late.day
    late.tag[:] = TAGS["late_review"]
    return late


def add_new_products(catalogue: Catalogue, seed: int, chunk: Chunk, reviews: Reviews) -> None:
    """Moves part of the reviews of the additional day to new products, and marks the late ones."""
    rng = chunk.stream(seed, "redelivery")
    rows = np.flatnonzero(rng.integers(0, 100, len(reviews)) < NEW_PRODUCT_PERCENT)
    order = np.argsort(reviews.number[rows])
    reviews.product[rows[order]] = catalogue.new.start + np.arange(len(rows)) % len(catalogue.new)
    reviews.tag[reviews.day < catalogue.first_day + catalogue.days] = TAGS["late_review"]
