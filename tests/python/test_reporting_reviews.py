"""The views of reviews have the same rows on both engines, and the figures of deliveries written by hand."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from math import sqrt
from statistics import NormalDist, fmean, stdev, variance
from typing import Any

import pytest

from support.consent import Record, records
from support.dashboard import TARGETS, shown, tables_of, tiles_of
from support.drops import NO_TESTS
from support.metrics import Figures, Grouping, assert_metrics
from support.review_files import Product, Review, deliver
from support.warehouse import Warehouse, warehouse

VIEWS = ("months", "brands", "brand_months", "categories", "category_months", "most_helpful", "records")
VIEWS_OF_PRODUCTS = ("products_waiting", "products_falling")
PRIOR_WEIGHT, LEAST_SAMPLED = 10, 30
Z = NormalDist().inv_cdf(0.975)
CHI_SQUARED_OF_STARS = 9.4877  # 95 % of the chi-squared distribution with 4 degrees of freedom, of any table of it
ELECTRONICS, CLOTHING = "Electronics", "Clothing, Shoes & Jewelry"

FALLS, RISES, SLIPS, RARE, STEPS_DOWN, NEVER_DESCRIBED = "B001", "B002", "B003", "B004", "B009", "B777"
FIRST_PRODUCTS = [
    Product(FALLS, "SONY", ((ELECTRONICS, "Cameras"), ("Gifts",)), 'Camera, "small"'),
    Product(RISES, "So-ny", ((ELECTRONICS, "Audio"),), "Radio"),
    Product(SLIPS, "Canon", ((CLOTHING, "Women's"),), "Écharpe"),
    Product(RARE, "", ((CLOTHING, "Women's"),), "Scarf"),
    Product("B005", "Solo", (), "Thing"),
    Product(STEPS_DOWN, "", (), "Hat"),
    Product("B010", "Unsold", (), "Shelf warmer"),
]
LATER_PRODUCTS = [Product("B006", "Canon", ((ELECTRONICS, "Cameras"),), "Lens")]
CATEGORY = {FALLS: ELECTRONICS, RISES: ELECTRONICS, SLIPS: CLOTHING, RARE: CLOTHING, "B006": ELECTRONICS}
BRAND = {FALLS: "sony", RISES: "sony", SLIPS: "canon", "B005": "solo", "B006": "canon"}

REPORT_DAY = dt.date(2014, 6, 30)  # of the latest review before the last delivery


def rated(product: str, first: str, stars: str) -> list[Review]:
    """A review a day, of so many stars."""
    day = dt.date.fromisoformat(first)
    return [
        Review(f"reader {number} of {product}", product, day + dt.timedelta(days=number), f"{star}.0")
        for number, star in enumerate(stars)
    ]


def voted(number: int, helpful: int, total: int, product: str = RARE) -> Review:
    return Review(f"voted {number}", product, dt.date(2014, 6, number), "4.0", (helpful, total))


# by windows of 90 days: 2 April to 30 June, 2 January to 1 April
FIRST = [
    *rated(FALLS, "2014-03-01", "555545555455555"),
    *rated(FALLS, "2014-06-01", "1231231555451112345423451234512"),  # REPORT_DAY is the 30th: one rating is of July
    *rated(RISES, "2014-03-05", "2222222222"),
    *rated(RISES, "2014-05-01", "5444455555"),
    *rated(SLIPS, "2014-01-02", "5555544444"),  # on the first day of the window before
    *rated(SLIPS, "2014-04-02", "5555544443"),  # and of this one
    *rated(RARE, "2014-03-23", "555555555"),  # nine: too few
    *rated(RARE, "2014-05-15", "5555555555"),
    *rated(STEPS_DOWN, "2014-03-10", "5555555555"),  # in both windows all ratings are the same
    *rated(STEPS_DOWN, "2014-05-10", "4444444444"),
    *rated("B005", "2014-05-02", "55"),
    *rated(NEVER_DESCRIBED, "2014-05-30", "3344"),
    Review("odd", FALLS, dt.date(2014, 5, 9), "6.0"),
    Review("nameless", "", dt.date(2014, 5, 10), "2.0"),
    voted(1, 98, 100),
    voted(2, 1, 1),
    voted(3, 0, 50),
    voted(4, 7, 3),  # more helpful votes than votes
    voted(5, 10, 10),
    voted(6, 1, 1, RISES),
]
FIRST = [review for review in FIRST if review.day <= REPORT_DAY]
SECOND = [
    *rated(FALLS, "2014-05-01", "1" * 31),  # a flood of one star
    *rated(RARE, "2014-06-10", "111111111"),
    *rated("B006", "2014-06-20", "54"),
    *rated("B888", "2014-06-11", "1"),  # waits since the second delivery
    Review("of a clock", SLIPS, dt.date(2031, 1, 1), "1.0"),
    voted(2, 3, 4),  # more votes than in the first delivery
]
LATEST = list({(review.reviewer, review.product, review.day): review for review in [*FIRST, *SECOND]}.values())
LATEST_RATED = [review for review in LATEST if review.stars]


@pytest.fixture(scope="module")
def house() -> Iterator[Warehouse]:
    with warehouse("reviews", views=True) as built:
        deliver(built, "2014-07-01", {"a": FIRST[:70], "b": FIRST[70:]}, FIRST_PRODUCTS)
        deliver(built, "2014-07-11", {"c": SECOND}, LATER_PRODUCTS)
        built.build(*NO_TESTS)
        yield built


@pytest.fixture(scope="module")
def views(house: Warehouse) -> dict[str, list[Record]]:
    return {name: records(house, f"reporting.rpt_reviews_{name}") for name in (*VIEWS, *VIEWS_OF_PRODUCTS)}


def month_of(review: Review) -> dt.date:
    return review.day.replace(day=1)


def month_before(month: dt.date) -> dt.date:
    return (month - dt.timedelta(days=1)).replace(day=1)


def by_month(names: dict[str, str]) -> dict[tuple[dt.date, str], list[Review]]:
    """The reviews of a month and of what their product belongs to."""
    found = defaultdict(list)
    for review in LATEST:
        found[month_of(review), names.get(review.product, "unknown")].append(review)
    return found


def stars_of(reviews: list[Review]) -> list[int]:
    return [review.stars for review in reviews if review.stars]


def mean(stars: list[int]) -> float | None:
    return fmean(stars) if stars else None


def shrunken(stars: list[int], month: dt.date) -> float:
    of_month = stars_of([review for review in LATEST if month_of(review) == month])
    return (sum(stars) + PRIOR_WEIGHT * fmean(of_month)) / (len(stars) + PRIOR_WEIGHT)


def change(now: list[int], before: list[int]) -> float | None:
    return fmean(now) - fmean(before) if now and before else None


def about(value: float | None) -> Any:
    return value if value is None else pytest.approx(value)


def wilson_low(helpful: int, total: int) -> float:
    """The lesser root of (p - q)^2 = z^2 p (1 - p) / n."""
    q, per_vote = helpful / total, Z * Z / total
    linear = 2 * q + per_vote
    return (linear - sqrt(linear * linear - 4 * (1 + per_vote) * q * q)) / (2 * (1 + per_vote))


def test_both_engines_have_the_same_rows(house: Warehouse, views: dict[str, list[Record]]) -> None:
    assert house.differences() == []
    assert all(views.values())


def test_metrics_are_those_of_the_reviews(house: Warehouse) -> None:
    figures: Figures = {
        "reviews": lambda review: 1,
        "ratings": lambda review: int(review.stars is not None),
        "stars": lambda review: review.stars or 0,
        "average_rating": ("stars", "ratings"),
    }

    def category(review: Review) -> str:
        return CATEGORY.get(review.product, "unknown")

    groupings = [
        Grouping("metric_time__month", month_of, "rpt_reviews_months", "month"),
        Grouping("product__main_category", category, "rpt_reviews_categories", "category_name"),
    ]
    assert_metrics(house, LATEST, figures, groupings)


def test_ratings_of_brands(views: dict[str, list[Record]]) -> None:
    months = by_month(BRAND)
    found = {(row["month"], row["brand_id"]): row for row in views["brand_months"]}
    assert found.keys() == months.keys()
    for (month, brand), row in found.items():
        stars, before = stars_of(months[month, brand]), stars_of(months.get((month_before(month), brand), []))
        assert (row["reviews"], row["ratings"]) == (len(months[month, brand]), len(stars))
        assert row["rating_mean"] == about(mean(stars))
        assert row["rating_mean_shrunken"] == about(shrunken(stars, month))
        assert row["mean_change"] == about(change(stars, before))
        assert row["is_small_sample"] == (len(stars) < LEAST_SAMPLED)
    assert found[dt.date(2014, 6, 1), "sony"]["mean_change"] == pytest.approx((88 + 4) / 31 - (31 + 46) / 41)


def ends(middle: float, deviation: float, ratings: int) -> tuple[Any, Any]:
    """The interval of a mean of so many ratings, which are of 1 to 5 stars."""
    reach = Z * deviation / sqrt(ratings)
    return about(max(middle - reach, 1)), about(min(middle + reach, 5))


def test_months(views: dict[str, list[Record]]) -> None:
    months = {month_of(review) for review in LATEST}
    found = {row["month"]: row for row in views["months"]}
    assert found.keys() == months
    for month, row in found.items():
        reviews = [review for review in LATEST if month_of(review) == month]
        stars = stars_of(reviews)
        assert (row["reviews"], row["ratings"], row["rating_mean"]) == (len(reviews), len(stars), about(mean(stars)))
        expected = ends(fmean(stars), stdev(stars), len(stars)) if len(stars) > 1 else (None, None)
        assert (row["rating_mean_low"], row["rating_mean_high"]) == expected
        assert row["share_of_low_ratings"] == about(mean([star <= 2 for star in stars]))
        assert [row[f"ratings_{star}"] for star in range(1, 6)] == [stars.count(star) for star in range(1, 6)]
        assert row["is_after_last_delivery"] == (month.year == 2031)


def test_brands_and_categories_of_all_months(views: dict[str, list[Record]]) -> None:
    """Brands that nobody has reviewed are there; the member unknown stands for the products without a brand."""
    everything = stars_of(LATEST)
    usual, deviation = fmean(everything), stdev(everything)
    for name, key, members in (("brands", "brand_id", BRAND), ("categories", "category_name", CATEGORY)):
        for row in (row for row in views[name] if row["reviews"]):
            reviews = [review for review in LATEST if members.get(review.product, "unknown") == row[key]]
            stars = stars_of(reviews)
            assert (row["reviews"], row["ratings"]) == (len(reviews), len(stars))
            shrunk = (sum(stars) + PRIOR_WEIGHT * usual) / (len(stars) + PRIOR_WEIGHT)
            assert (row["rating_mean"], row["rating_mean_shrunken"]) == (about(mean(stars)), about(shrunk))
            found = row["rating_mean_shrunken_low"], row["rating_mean_shrunken_high"]
            assert found == ends(shrunk, deviation, len(stars) + PRIOR_WEIGHT)
    assert sum(row["share_of_ratings"] for row in views["categories"]) == pytest.approx(1)
    products = {row["brand_id"]: (row["place"], row["products"], row["reviews"] > 0) for row in views["brands"]}
    assert products == {
        "canon": (1, 2, True),
        "solo": (2, 1, True),
        "sony": (3, 2, True),
        "unsold": (None, 1, False),
        "unknown": (None, 4, True),  # B004, B009, and two that nobody describes
    }


def test_places_of_brands(views: dict[str, list[Record]]) -> None:
    """In May Solo has two reviews of five stars. Sony, with a flood of one star, comes last; unknown has no place."""
    places: dict[dt.date, list[tuple[int | None, str]]] = defaultdict(list)
    for row in sorted(views["brand_months"], key=lambda row: row["place"] or 99):
        places[row["month"]].append((row["place"], row["brand_id"]))
    assert places[dt.date(2014, 5, 1)] == [(1, "solo"), (2, "sony"), (None, "unknown")]
    assert places[dt.date(2014, 6, 1)] == [(1, "canon"), (2, "sony"), (None, "unknown")]


def test_ratings_of_categories(views: dict[str, list[Record]]) -> None:
    months = by_month(CATEGORY)
    found = {(row["month"], row["category_name"]): row for row in views["category_months"]}
    assert found.keys() == months.keys()
    for (month, category), row in found.items():
        stars = stars_of(months[month, category])
        before = stars_of(months.get((month_before(month), category), []))
        of_month = stars_of([review for review in LATEST if month_of(review) == month])
        assert (row["reviews"], row["ratings"]) == (len(months[month, category]), len(stars))
        assert row["share_of_ratings"] == about(len(stars) / len(of_month))
        assert row["rating_mean"] == about(mean(stars))
        assert row["rating_mean_shrunken"] == about(shrunken(stars, month))
        assert row["share_of_low_ratings"] == about(mean([star <= 2 for star in stars]))
        assert row["mean_change"] == about(change(stars, before))
    assert found[dt.date(2031, 1, 1), CLOTHING]["share_of_low_ratings"] == 1


def test_most_helpful_reviews(views: dict[str, list[Record]]) -> None:
    """98 of 100 come before 10 of 10, and none of 50 comes last; 7 of 3 has no place."""
    rows = sorted(views["most_helpful"], key=lambda row: row["place"])
    assert [(row["place"], row["helpful_votes"], row["total_votes"], row["title"]) for row in rows] == [
        (1, 98, 100, "Scarf"),
        (2, 10, 10, "Scarf"),
        (3, 3, 4, "Scarf"),
        (4, 1, 1, "Radio"),
        (5, 0, 50, "Scarf"),
    ]
    for row in rows:
        votes = row["helpful_votes"], row["total_votes"]
        assert row["helpful_share"] == about(votes[0] / votes[1])
        assert row["helpful_share_low"] == pytest.approx(wilson_low(*votes), abs=1e-9)
        assert (row["rating"], row["text_length"]) == (4, len("Good."))


def window(product: str, last: dt.date) -> list[int]:
    """The ratings of the days up to the last one."""
    of_product = [review for review in LATEST if review.product == product]
    return stars_of([review for review in of_product if 0 <= (last - review.day).days < 90])


FIGURES = (
    *("ratings_before", "ratings_now", "rating_mean_before", "rating_mean_now"),
    *("mean_change", "change_low", "change_high", "is_beyond_chance"),
)


def expected_fall(product: str) -> dict[str, Any]:
    now, before = window(product, REPORT_DAY), window(product, REPORT_DAY - dt.timedelta(days=90))
    reach = Z * sqrt(variance(now) / len(now) + variance(before) / len(before))
    difference = fmean(now) - fmean(before)
    return {
        "ratings_before": len(before),
        "ratings_now": len(now),
        "rating_mean_before": about(fmean(before)),
        "rating_mean_now": about(fmean(now)),
        "mean_change": about(difference),
        "change_low": about(difference - reach),
        "change_high": about(difference + reach),
        "is_beyond_chance": difference + reach < 0,
    }


def test_products_whose_ratings_fall(views: dict[str, list[Record]]) -> None:
    """Two fell, one may have by chance; those that rise, have nine ratings or no name are not there."""
    fallen = sorted(views["products_falling"], key=lambda row: row["change_high"])
    assert {row["report_day"] for row in fallen} == {REPORT_DAY}
    rows = {row["product_id"]: {name: row[name] for name in ("title", "brand_name", *FIGURES)} for row in fallen}
    assert [(key, row.pop("title"), row.pop("brand_name")) for key, row in rows.items()] == [
        (FALLS, 'Camera, "small"', "SONY"),
        (STEPS_DOWN, "Hat", None),
        (SLIPS, "Écharpe", "Canon"),
    ]
    assert rows == {key: expected_fall(key) for key in (FALLS, STEPS_DOWN, SLIPS)}
    assert [row["is_beyond_chance"] for row in rows.values()] == [True, True, False]
    assert rows[STEPS_DOWN]["change_low"] == rows[STEPS_DOWN]["change_high"] == -1  # nothing varies
    assert (rows[SLIPS]["ratings_before"], rows[SLIPS]["ratings_now"]) == (10, 10)


def test_shift_of_the_distribution(views: dict[str, list[Record]]) -> None:
    months = {key: stars for key, reviews in by_month(CATEGORY).items() if (stars := stars_of(reviews))}
    found = {(row["month"], row["category_name"]): row for row in views["category_months"]}
    assert found.keys() == months.keys()
    for (month, category), row in found.items():
        now, before = months[month, category], months.get((month_before(month), category), [])
        shares, shares_before = ([of.count(star) / max(len(of), 1) for star in range(1, 6)] for of in (now, before))
        assert [row[f"share_{star}"] for star in range(1, 6)] == pytest.approx(shares)
        assert (row["ratings"], row["ratings_before"]) == (len(now), len(before) or None)
        assert row["mean_change"] == about(change(now, before))
        if not before:
            assert (row["shift"], row["chi_squared"], row["is_beyond_chance"]) == (None, None, False)
            continue
        assert row["shift"] == pytest.approx(sum(abs(p - q) for p, q in zip(shares, shares_before, strict=True)) / 2)
        statistic = chi_squared(now, before)
        assert row["chi_squared"] == pytest.approx(statistic)
        enough = min(len(now), len(before)) >= LEAST_SAMPLED
        assert row["is_beyond_chance"] == (enough and statistic > CHI_SQUARED_OF_STARS)
    beyond = [key for key, row in found.items() if row["is_beyond_chance"]]
    assert beyond == [(dt.date(2014, 6, 1), ELECTRONICS)]
    above = [row for row in found.values() if (row["chi_squared"] or 0) > CHI_SQUARED_OF_STARS]
    assert len(above) > len(beyond)  # some are of too few ratings


def chi_squared(now: list[int], before: list[int]) -> float:
    """Pearson's statistic of a table of two rows: squared distances from what the sums let expect."""
    statistic = 0.0
    for star in range(1, 6):
        both = now.count(star) + before.count(star)
        for of in (now, before):
            expected = both * len(of) / (len(now) + len(before))
            statistic += (of.count(star) - expected) ** 2 / expected if both else 0
    return statistic


def test_reviews_that_wait_for_a_product(views: dict[str, list[Record]]) -> None:
    first, second = dt.date(2014, 7, 1), dt.date(2014, 7, 11)
    rows = sorted(views["products_waiting"], key=lambda row: row["product_id"])
    assert [tuple(row.values()) for row in rows] == [
        (NEVER_DESCRIBED, 4, 4, 3.5, dt.date(2014, 5, 30), dt.date(2014, 6, 2), first, 10),
        ("B888", 1, 1, 1.0, dt.date(2014, 6, 11), dt.date(2014, 6, 11), second, 0),
        ("unknown", 1, 1, 2.0, dt.date(2014, 5, 10), dt.date(2014, 5, 10), first, 10),
    ]


@pytest.mark.parametrize("target", TARGETS)
def test_the_page_about_reviews_begins_with_the_last_month_that_is_over(house: Warehouse, target: str) -> None:
    house.run("publish", "--target", "dev")
    june, may = ([review for review in LATEST if month_of(review) == dt.date(2014, month, 1)] for month in (6, 5))
    page = shown(house, target, "reviews")
    tiles, tables = tiles_of(page), tables_of(page)
    assert tiles["Reviews"] == (str(len(june)), f"{len(june) / len(may) - 1:+.1%}")
    rise = fmean(stars_of(june)) - fmean(stars_of(may))
    assert tiles["Average rating"] == (f"{fmean(stars_of(june)):.2f}", f"{rise:+.2f}")
    [row] = [row for row in tables["Months"] if row["month"] == dt.date(2014, 5, 1)]
    assert row["reviews"] == len(may)
    assert FALLS in {row["product_id"] for row in tables["Products that fall"]}
    assert {"Brands", "Categories", "Products that wait", "Most helpful reviews"} <= tables.keys()

    page = shown(house, target, "reviews", {"month": "2014-05", "product": f" {RISES} "})
    assert tiles_of(page)["Reviews"][0] == str(len(may))
    own = [review for review in LATEST if review.product == RISES]
    assert len(tables_of(page)["Reviews of the product"]) == len(own)


@pytest.mark.parametrize("target", TARGETS)
def test_a_page_without_data_says_how_to_bring_it(house: Warehouse, target: str) -> None:
    house.run("publish", "--target", "dev")
    pages = {"traffic": "land ad_serving", "consent": "land consent", "pacing": "extract_postgres", "devices": "kafka"}
    for path, command in pages.items():
        page = shown(house, target, path)
        assert [info.value[:10] for info in page.info] == ["Nothing of"], path
        assert command in page.code[0].value
    assert shown(house, target, "pacing", {"system": "Ad serving"}).info
