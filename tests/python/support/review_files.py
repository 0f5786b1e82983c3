"""Deliveries of reviews and products written by hand, in the layout of the shop's exports."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from support.landing import csv_text
from support.warehouse import Warehouse

REVIEW_COLUMNS = (
    *("", "reviewerID", "asin", "reviewerName", "helpful", "reviewText", "overall", "summary"),
    *("unixReviewTime", "reviewTime"),
)
PRODUCT_COLUMNS = (
    *("metadataid", "asin", "salesrank", "imurl", "categories", "title", "description", "price", "related", "brand"),
)


class Review(NamedTuple):
    reviewer: str
    product: str
    day: dt.date
    rating: str = "5.0"
    votes: tuple[int, int] = (0, 0)
    text: str = "Good."

    @property
    def stars(self) -> int | None:
        """As the fact shows them."""
        return int(float(self.rating)) if self.rating in ("1.0", "2.0", "3.0", "4.0", "5.0") else None


class Product(NamedTuple):
    id: str
    brand: str = ""
    categories: tuple[tuple[str, ...], ...] = ()
    title: str = ""


def deliver(
    house: Warehouse, day: str, reviews: Mapping[str, Iterable[Review]], products: Iterable[Product] = ()
) -> None:
    """Lands one delivery, of 06:00 UTC of an ISO day; reviews by the name of their file."""
    drop = house.new_drop()
    for folder in ("jet_reviews", "jet_metadata"):
        (drop / folder).mkdir(parents=True)
    for name, records in reviews.items():
        rows = [_review_row(number, review) for number, review in enumerate(records)]
        text = csv_text([list(REVIEW_COLUMNS), *rows])
        (drop / "jet_reviews" / f"{name}.csv").write_text(text, encoding="utf-8")
    described = [_product_row(number, product) for number, product in enumerate(products)]
    if described:
        text = csv_text([list(PRODUCT_COLUMNS), *described])
        (drop / "jet_metadata" / "metadata.csv").write_text(text, encoding="utf-8")
    house.land(drop, "--delivered-at", f"{day}T06:00:00Z")


def _review_row(number: int, review: Review) -> list[str]:
    midnight = dt.datetime(review.day.year, review.day.month, review.day.day, tzinfo=dt.UTC)
    return [
        str(number),
        review.reviewer,
        review.product,
        f"name of {review.reviewer}",
        str(list(review.votes)),
        review.text,
        review.rating,
        "A headline",
        str(int(midnight.timestamp())),
        f"{review.day:%m} {review.day.day}, {review.day.year}",
    ]


def _product_row(number: int, product: Product) -> list[str]:
    paths = repr([list(path) for path in product.categories]) if product.categories else ""
    return [str(number), product.id, "", "", paths, product.title, "", "19.99", "", product.brand]
