"""Deliveries of reviews and products as short records, for what reads the marts."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from support import reviews as files
from support.warehouse import Warehouse


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

    @property
    def record(self) -> dict[str, str]:
        said = {"helpful": str(list(self.votes)), "reviewText": self.text}
        return files.review(self.reviewer, self.product, self.day.isoformat(), self.rating, **said)


class Product(NamedTuple):
    id: str
    brand: str = ""
    categories: tuple[tuple[str, ...], ...] = ()
    title: str = ""

    @property
    def record(self) -> dict[str, str]:
        paths = repr([list(path) for path in self.categories]) if self.categories else ""
        return files.product(self.id, paths, title=self.title, brand=self.brand, price="19.99")


def deliver(
    house: Warehouse, day: str, reviews: Mapping[str, Iterable[Review]], products: Iterable[Product] = ()
) -> None:
    """Lands one delivery, of 06:00 UTC of an ISO day; reviews by the name of their file."""
    written = {f"{name}.csv": [review.record for review in records] for name, records in reviews.items()}
    files.deliver(house, f"{day}T06:00:00Z", written, [product.record for product in products])
