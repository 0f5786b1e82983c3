"""The chapter on reviews shows the figures of deliveries written by hand, and nothing where there are none."""

import datetime as dt
from collections import namedtuple
from dataclasses import replace
from math import sqrt
from statistics import NormalDist, fmean, stdev
from typing import Any

import pytest

from duckhouse.reporting.chapters import reviews as chapter
from support.chapters import found_in, page_of
from support.drops import NO_TESTS
from support.pages import Page, text_of
from support.review_files import Product, Review, deliver
from support.warehouse import Warehouse

HOSTILE = '<script>alert(1)</script> & "Sons"'
Z = NormalDist().inv_cdf(0.975)
MONTHS = "Do ratings get better or worse?"
InErrors = namedtuple("InErrors", "month reviews reviews_in_open_errors share_in_open_errors")


def rated(product: str, month: str, stars: str) -> list[Review]:
    """A review a day, of so many stars."""
    first = dt.date.fromisoformat(f"{month}-01")
    return [
        Review(f"reader {number}", product, first + dt.timedelta(days=number), f"{star}.0")
        for number, star in enumerate(stars)
    ]


PRODUCTS = [
    Product("B001", HOSTILE, (("Books", "Travel"),)),
    Product("B002", "Few", (("Music",),)),
    Product("B003", "", (("Books",),)),
    *(Product(f"B1{number:02}", f"Other {number}", (("Games",),)) for number in range(20)),
]
MAY = [*rated("B001", "2014-05", "5555544445" * 3), *rated("B003", "2014-05", "12")]
JUNE = [
    *rated("B002", "2014-06", "55"),
    *(review for number in range(20) for review in rated(f"B1{number:02}", "2014-06", "3")),
    *rated("B888", "2014-06", "234"),
    Review("odd", "B002", dt.date(2014, 6, 20), "11"),
    Review("", "B002", dt.date(2014, 6, 21)),  # set aside
]
OF_A_CLOCK = rated("B003", "2031-01", "1")
STARS = [review.stars for review in [*MAY, *JUNE, *OF_A_CLOCK] if review.stars and review.reviewer]


@pytest.fixture(scope="module")
def house(shared_house: Warehouse) -> Warehouse:
    house = replace(shared_house, source="reviews", views=True)
    deliver(house, "2014-07-01", {"a": [*MAY, *JUNE], "b": OF_A_CLOCK}, PRODUCTS)
    house.dbt("dev", "build", *NO_TESTS)
    return house


@pytest.fixture(scope="module")
def found(house: Warehouse) -> dict[str, Any]:
    return found_in(house, chapter)


@pytest.fixture(scope="module")
def page(found: dict[str, Any]) -> Page:
    return page_of(chapter, found)


def shrunken(stars: list[int]) -> float:
    return (sum(stars) + 10 * fmean(STARS)) / (len(stars) + 10)


def test_headline_figures(page: Page) -> None:
    assert page.facts("Reviews") == {
        "mean rating": f"{fmean(STARS):.2f} of 58 ratings",
        "reviews": "59",
        "one or two stars": "6.90%",  # 4 of 58
        "products": "24 1 that nobody describes",
        "reviews that wait for a product": "3",
        "brands": "22",
        "records read": "60 all accounted for",
    }


def test_months_of_few_ratings_or_of_a_clock_are_in_the_table_only(page: Page) -> None:
    rows = page.table(MONTHS)
    assert [row[:4] for row in rows] == [
        ["2031-01", "1", "1", "1.00"],
        ["2014-06", "26", "25", "3.16"],
        ["2014-05", "32", "32", "4.41"],  # 30 ratings that sum to 138, and 1 and 2
    ]
    may = [review.stars for review in MAY]
    reach = Z * stdev(may) / sqrt(len(may))
    assert rows[2][4:] == [f"{fmean(may) - reach:.2f}", f"{fmean(may) + reach:.2f}", "6.25%"]
    assert rows[0][4:] == ["", "", "100.00%"]  # one rating says nothing of its error
    assert "In the table only: 2 months of few ratings or of other years." in text_of(page.section(MONTHS))
    [chart] = page.charts(MONTHS)
    assert "May" in text_of(chart)
    assert "2031" not in text_of(chart)


def test_brands_are_ranked_by_the_shrunken_mean(page: Page) -> None:
    """Two reviews of five stars come after thirty of 4.6; 2 brands of the 22 come after the twenty that are drawn."""
    title = "Which brands lead?"
    [chart] = map(text_of, page.charts(title))
    drawn = ["<script>aler… (30)", "Few (2)", "Other 0 (1)", "Other 7 (1)"]
    assert [name for _, name in sorted((chart.index(name), name) for name in drawn)] == drawn
    assert "Not drawn: 2 brands that come after these." in text_of(page.section(title))
    first, last = page.table(title), page.table(title, 1)
    assert (len(first), [row[0] for row in first[:3]]) == (20, [HOSTILE, "Few", "Other 0"])
    assert first[1] == ["Few", "3", "2", "5.00", f"{shrunken([5, 5]):.2f}", "0.00%"]
    assert [row[0] for row in last] == ["Other 5", "Other 6", "Other 7", "Other 8", "Other 9"]
    assert last[0][1:] == ["1", "1", "3.00", f"{shrunken([3]):.2f}", "0.00%"]


def test_main_categories(page: Page) -> None:
    rows = {row[0]: row[1:] for row in page.table("How do the stars of each main category spread?")}
    assert list(rows) == ["Books", "Games", "unknown", "Music"]
    books = [review.stars for review in [*MAY, *OF_A_CLOCK]]
    assert rows["Books"] == ["33", "33", f"{fmean(books):.2f}", f"{shrunken(books):.2f}", "9.09%"]
    assert rows["Music"] == ["3", "2", "5.00", f"{shrunken([5, 5]):.2f}", "0.00%"]


def test_products_that_wait(page: Page) -> None:
    [row] = page.table("Which products wait for a description?")
    assert row == ["B888", "3", "3.00", "2014-06-01", "2014-06-03", "2014-07-01", "0"]


def test_records_are_accounted_for(page: Page) -> None:
    [row] = page.table("Is every record accounted for?")
    assert row[2:] == ["2", "60", "59", "0", "1", "0", "0", "0"]


def test_products_that_fell_beyond_chance_alone_are_listed(found: dict[str, Any], page: Page) -> None:
    title = "Whose customers are less content than before?"
    assert "No product has fallen beyond chance." in text_of(page.section(title))
    names = (
        "product_id title brand_name report_day ratings_before ratings_now rating_mean_before rating_mean_now "
        "mean_change change_low change_high is_beyond_chance"
    )
    fall = namedtuple("Fall", names)
    day = dt.date(2014, 6, 30)
    rows = [
        fall("B001", None, "Few", day, 10, 12, 4.5, 3.0, -1.5, -2.0, -1.0, True),
        fall("B002", "Radio", None, day, 10, 12, 4.5, 4.0, -0.5, -1.5, 0.5, False),
    ]
    page = page_of(chapter, {**found, "falling": rows})
    assert page.table(title) == [["B001", "", "Few", "4.50", "3.00", "-1.50", "-2.00", "-1.00", "12"]]
    assert "The days up to 2014-06-30 against as many before" in text_of(page.section(title))


def test_what_is_in_open_errors_stands_beside_the_total(found: dict[str, Any]) -> None:
    months = [InErrors(dt.date(2014, 5, 1), 32, 0, 0.0), InErrors(dt.date(2014, 6, 1), 26, 3, 3 / 26)]
    page = page_of(chapter, {**found, "open_errors": months})
    assert page.facts("Reviews")["reviews"] == "59 3 of them in open errors"
    assert page.table("Which reviews are in doubt?") == [["2014-06", "26", "3", "11.5%"]]


def test_names_are_escaped(page: Page) -> None:
    assert "<script>alert" not in page.source
    assert HOSTILE in page.text


def test_without_ratings_the_chapter_says_so(found: dict[str, Any]) -> None:
    none = {f"ratings_{stars}": 0 for stars in range(1, 6)} | {"ratings": 0, "share_of_low_ratings": None}
    unrated = {key: [row._replace(**none) for row in found[key]] for key in ("months", "categories")}
    brands = [row._replace(**none, place=None) for row in found["brands"]]
    page = page_of(chapter, {**found, **unrated, "brands": brands})
    assert "No review has a rating." in page.text
    assert "No rating is of a product with a brand." in page.text
    assert page.facts("Reviews")["mean rating"] == "none of 0 ratings"
