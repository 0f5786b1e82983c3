"""What is true of a generated drop: the totals that a careful reader finds, and everything that was planted."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from tools.generators.reviews.rows import Reviews

MAX_LISTED = 10_000
MEASURES = ("reviews", "rated", "rating_sum", "helpful_votes", "total_votes")
RULES = {
    "review": "a record with a reviewer and a readable time; of one reviewer, product and moment the last one counts, "
    "by delivery, file and row",
    "rated": "reviews whose overall is a whole number from 1 to 5",
    "votes": "as delivered, also where more votes are helpful than there are; of unreadable ones none",
    "month": "that of unixReviewTime, or of reviewTime where that cannot be read",
    "brand": "in lower case, letters and digits only; unknown for none, also of products that are not described",
    "category": "the first category of the first path; unknown for none, also where categories are unreadable",
}
_COMPACT = 2_000_000  # rows that are collected before they are summed


class Totals:
    """Sums of the reviews that count, by month and product."""

    def __init__(self, products: int) -> None:
        self._products = products
        self._keys = [np.zeros(0, dtype=np.int64)]
        self._sums = [np.zeros((0, len(MEASURES)), dtype=np.int64)]
        self._waiting = 0

    def copy(self) -> "Totals":
        totals = Totals(self._products)
        self._compact()
        totals._keys, totals._sums = list(self._keys), list(self._sums)
        return totals

    def add(self, reviews: Reviews, sign: int = 1) -> None:
        """Adds (or with -1 subtracts) the records of `reviews` that count."""
        counted = reviews.counted
        month = reviews.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        rated, voted = reviews.rating > 0, reviews.total >= 0
        measures = [
            np.ones(len(reviews), dtype=np.int64),
            rated.astype(np.int64),
            reviews.rating,
            np.where(voted, reviews.helpful, 0),
            np.where(voted, reviews.total, 0),
        ]
        self._keys.append((month * self._products + reviews.product)[counted])
        self._sums.append(sign * np.stack(measures, axis=1)[counted])
        self._waiting += int(counted.sum())
        if self._waiting > max(_COMPACT, len(self._keys[0])):
            self._compact()

    def _compact(self) -> None:
        keys, places = np.unique(np.concatenate(self._keys), return_inverse=True)
        sums = np.zeros((len(keys), len(MEASURES)), dtype=np.int64)
        np.add.at(sums, places.ravel(), np.concatenate(self._sums))
        self._keys, self._sums, self._waiting = [keys], [sums], 0

    def report(self, brands: list[str], categories: list[str]) -> dict[str, Any]:
        """The sums overall, by month, by brand and month, by main category and month; the lists are by product."""
        self._compact()
        months, products = np.divmod(self._keys[0], self._products)
        names = np.datetime_as_string(months.astype("datetime64[M]")).tolist() if len(months) else []
        there = self._sums[0].any(axis=1)
        of_month, of_brand, of_category = (defaultdict(_nothing) for _ in range(3))
        overall = _nothing()
        for month, product, sums, is_there in zip(names, products.tolist(), self._sums[0], there, strict=True):
            if is_there:
                for cell in (
                    overall,
                    of_month[month],
                    of_brand[brands[product], month],
                    of_category[categories[product], month],
                ):
                    cell += sums
        return {
            "overall": _named(overall),
            "months": {month: _named(sums) for month, sums in sorted(of_month.items())},
            "brands": _nested(of_brand),
            "categories": _nested(of_category),
        }


def _nothing() -> np.ndarray:
    return np.zeros(len(MEASURES), dtype=np.int64)


def _named(sums: np.ndarray) -> dict[str, int]:
    return dict(zip(MEASURES, sums.tolist(), strict=True))


def _nested(cells: dict[tuple[str, str], np.ndarray]) -> dict[str, dict[str, dict[str, int]]]:
    nested: dict[str, dict[str, dict[str, int]]] = {}
    for (name, month), sums in sorted(cells.items()):
        nested.setdefault(name, {})[month] = _named(sums)
    return nested


class Log:
    """Collects what is planted, or changed, by kind: records with their positions, or cells with the key that a rule
    knows. For kinds with more than MAX_LISTED records only the first are listed.

    A row is the line on which the record starts (the header is line 1).
    """

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, Any]] = {}

    def add(self, kind: str, rule: str, entity: str, file: str, row: int, **key: Any) -> None:
        self._note(kind, rule, entity, "records", lambda: {"file": file, "row": row, **key})

    def cell(self, kind: str, rule: str, entity: str = "cells", **cell: Any) -> None:
        self._note(kind, rule, entity, "cells", lambda: cell)

    def name(self, kind: str, **cell: Any) -> None:
        """Records a key by which a rule may name listed records of the kind."""
        cells = self._entries[kind].setdefault("cells", [])
        if cell not in cells and len(cells) < MAX_LISTED:
            cells.append(cell)

    def _note(self, kind: str, rule: str, entity: str, listed: str, make: Callable[[], dict[str, Any]]) -> None:
        entry = self._entries.setdefault(kind, {"kind": kind, "entity": entity, "rule": rule, "count": 0, listed: []})
        entry["count"] += 1
        if len(entry[listed]) < MAX_LISTED:
            entry[listed].append(make())

    def report(self) -> list[dict[str, Any]]:
        return [entry for _, entry in sorted(self._entries.items())]
