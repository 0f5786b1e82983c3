"""The chapter on reviews shows the figures of deliveries written by hand, and nothing where there are none."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import sqrt
from statistics import NormalDist, fmean, stdev

import pytest
import yaml
from test_report_quality import table_after, text_of

from duckhouse.reporting.chapters import reviews as chapter
from duckhouse.settings import PROJECT
from support.drops import NO_TESTS, report_after
from support.review_files import Product, Review, deliver
from support.warehouse import Warehouse

HOSTILE = '<script>alert(1)</script> & "Sons"'
Z = NormalDist().inv_cdf(0.975)


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
    house = replace(shared_house, source="reviews")
    deliver(house, "2014-07-01", {"a": [*MAY, *JUNE], "b": OF_A_CLOCK}, PRODUCTS)
    house.dbt("dev", "build", *NO_TESTS)
    return house


@pytest.fixture(scope="module")
def printed(house: Warehouse) -> str:
    return house.run("report", "--out", house.folder / "report.html").stdout


@pytest.fixture(scope="module")
def page(house: Warehouse, printed: str) -> str:
    return (house.folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def changed(house: Warehouse) -> Callable[..., str]:
    """What the report prints and writes after something was done to a copy of the marts."""
    return partial(report_after, house)


def shrunken(stars: list[int]) -> float:
    return (sum(stars) + 10 * fmean(STARS)) / (len(stars) + 10)


def test_the_chapter_stands_alone(page: str) -> None:
    assert re.findall(r"<h1[^>]*>([^<]*)</h1>", page) == ["Reviews"]
    assert page.count("<figure") == 4


def test_headline_figures(page: str, printed: str) -> None:
    mean, reach = fmean(STARS), Z * stdev(STARS) / sqrt(len(STARS))
    for name, figure in (
        ("reviews, with a rating", "59, 58"),
        ("mean rating", f"{mean:.2f} ({mean - reach:.2f} to {mean + reach:.2f}, 95%)"),
        ("one or two stars", "6.90%"),  # 4 of 58
        ("reviewers", "31"),
        ("products, described", "24, 23"),
        ("reviews that wait for a product", "3"),
        ("brands", "22"),
        ("records read", "60, all accounted for"),
    ):
        assert f"<dt>{name}</dt><dd>{figure}</dd>" in page
        assert re.search(rf"^ *{re.escape(name)} +{re.escape(figure)}$", printed, re.MULTILINE)


def test_months_of_few_ratings_or_of_a_clock_are_in_the_table_only(page: str) -> None:
    rows = table_after(page, "Ratings by month")
    assert [row[:4] for row in rows] == [
        ["2014-05", "32", "32", "4.41"],  # 30 ratings that sum to 138, and 1 and 2
        ["2014-06", "26", "25", "3.16"],
        ["2031-01", "1", "1", "1.00"],
    ]
    assert rows[0][6] == "6.25%"
    assert "In the table only: 2 with fewer than 30 ratings or of other years." in text_of(page)
    chart = text_of(page.split("<h2>Ratings by month</h2>", 1)[1].split("<details", 1)[0])
    assert "May" in chart
    assert "2031" not in chart


def test_brands_are_ranked_by_the_shrunken_mean(page: str) -> None:
    """Two reviews of five stars come after thirty of 4.6; 2 brands of the 22 come after the twenty that are drawn."""
    chart = text_of(page.split("<h2>Brands</h2>", 1)[1].split("<details", 1)[0])
    drawn = ["<script>aler… (30)", "Few (2)", "Other 0 (1)", "Other 7 (1)"]
    assert [name for _, name in sorted((chart.index(name), name) for name in drawn)] == drawn
    assert "Not drawn: 2 brands" in chart
    assert not {"Other 8", "Other 9"} & set(re.findall(r"Other \d+", chart))
    shown = table_after(page, "Brands")
    assert (len(shown), [row[0] for row in shown[:3]]) == (20, [HOSTILE, "Few", "Other 0"])
    assert shown[1] == ["Few", "3", "2", "5.00", f"{shrunken([5, 5]):.2f}", "0.00%"]
    last = table_after(page.replace("<summary>The last of all brands</summary>", "<h2>The last</h2>"), "The last")
    assert [row[0] for row in last] == ["Other 5", "Other 6", "Other 7", "Other 8", "Other 9"]
    assert last[0][1:] == ["1", "1", "3.00", f"{shrunken([3]):.2f}", "0.00%"]


def test_main_categories(page: str) -> None:
    rows = {row[0]: row[1:] for row in table_after(page, "Main categories")}
    assert list(rows) == ["Books", "Games", "unknown", "Music"]
    books = [review.stars for review in [*MAY, *OF_A_CLOCK]]
    assert rows["Books"] == ["33", "33", f"{fmean(books):.2f}", f"{shrunken(books):.2f}", "9.09%"]
    assert rows["Music"] == ["3", "2", "5.00", f"{shrunken([5, 5]):.2f}", "0.00%"]


def test_products_that_wait(page: str) -> None:
    assert table_after(page, "Products that no delivery describes") == [["B888", "3", "2014-06-01", "2014-06-03"]]


def test_records_are_accounted_for(page: str) -> None:
    [row] = table_after(page, "Records accounted for")
    assert row[2:] == ["2", "60", "59", "0", "1", "0", "0"]


def test_names_are_escaped(page: str) -> None:
    assert "<script" not in page
    assert HOSTILE in text_of(page)


def test_without_ratings_the_chapter_says_so(changed: Callable[..., str]) -> None:
    none = ", ".join(f"ratings_{stars} = 0" for stars in range(1, 6))
    tables = ("agg_brand_ratings", "agg_category_ratings")
    written = changed("unrated", "; ".join(f"update marts.{name} set ratings = 0, {none}" for name in tables))
    assert "No review has a rating." in written
    assert "No rating is of a product with a brand." in written
    assert "<dt>mean rating</dt><dd>none</dd>" in written


def test_without_deliveries_there_is_no_chapter(changed: Callable[..., str]) -> None:
    error = changed("empty", "delete from marts.fct_product_reviews", code=1)
    assert "no events are built" in error
    assert len(error.strip().splitlines()) == 1


def test_the_weight_of_the_prior_is_that_of_the_marts() -> None:
    settings = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    assert settings["vars"]["rating_prior_weight"] == chapter.PRIOR_WEIGHT
