"""The analyses of reviews give the same rows on both engines, and the figures of deliveries written by hand."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from math import sqrt
from statistics import NormalDist, fmean, variance
from typing import Any

import pytest

from duckhouse.warehouse import parity
from support.analyses import Answer, Record, analyses_of, answers_of_dev, answers_of_prod, compiled, described
from support.drops import NO_TESTS
from support.review_files import Product, Review, deliver
from support.warehouse import Warehouse, warehouse

ANALYSES = analyses_of("reviews")
PRIOR_WEIGHT, LEAST_SAMPLED = 10, 30
Z = NormalDist().inv_cdf(0.975)
CHI_SQUARED_OF_STARS = 9.4877  # 95 % of the chi-squared distribution with 4 degrees of freedom, of any table of it
ELECTRONICS, CLOTHING = "Electronics", "Clothing, Shoes & Jewelry"

FALLS, RISES, SLIPS, RARE, NEVER_DESCRIBED = "B001", "B002", "B003", "B004", "B777"
FIRST_PRODUCTS = [
    Product(FALLS, "SONY", ((ELECTRONICS, "Cameras"), ("Gifts",)), 'Camera, "small"'),
    Product(RISES, "So-ny", ((ELECTRONICS, "Audio"),), "Radio"),
    Product(SLIPS, "Canon", ((CLOTHING, "Women's"),), "Écharpe"),
    Product(RARE, "", ((CLOTHING, "Women's"),), "Scarf"),
    Product("B005", "Solo", (), "Thing"),
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
    with warehouse("reviews") as built:
        deliver(built, "2014-07-01", {"a": FIRST[:70], "b": FIRST[70:]}, FIRST_PRODUCTS)
        deliver(built, "2014-07-11", {"c": SECOND}, LATER_PRODUCTS)
        built.build(*NO_TESTS)
        yield built


@pytest.fixture(scope="module")
def dev(house: Warehouse) -> dict[str, Answer]:
    return answers_of_dev(house, compiled(house, "dev"))


@pytest.fixture(scope="module")
def prod(house: Warehouse) -> dict[str, Answer]:
    return answers_of_prod(house, compiled(house, "prod"))


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


@pytest.mark.parametrize("name", ANALYSES)
def test_both_engines_give_the_same_rows(name: str, dev: dict[str, Answer], prod: dict[str, Answer]) -> None:
    assert parity.differing_columns(dev[name].types, prod[name].types) is None
    assert dev[name].rows == prod[name].rows
    assert dev[name].rows


def test_each_analysis_has_a_description(house: Warehouse, dev: dict[str, Answer]) -> None:
    assert described(house) == set(ANALYSES) == set(dev)


def test_ratings_of_brands(dev: dict[str, Answer]) -> None:
    months = by_month(BRAND)
    found = {(row["month"], row["brand_id"]): row for row in dev["ratings_by_brand_and_month"].records}
    assert found.keys() == months.keys()
    for (month, brand), row in found.items():
        stars, before = stars_of(months[month, brand]), stars_of(months.get((month_before(month), brand), []))
        assert (row["reviews"], row["ratings"]) == (len(months[month, brand]), len(stars))
        assert row["rating_mean"] == about(mean(stars))
        assert row["rating_mean_shrunken"] == about(shrunken(stars, month))
        assert row["mean_change"] == about(change(stars, before))
        assert row["is_small_sample"] == (len(stars) < LEAST_SAMPLED)
    assert found[dt.date(2014, 6, 1), "sony"]["mean_change"] == pytest.approx((88 + 4) / 31 - (31 + 46) / 41)


def test_places_of_brands(dev: dict[str, Answer]) -> None:
    """In May Solo has two reviews of five stars. Sony, with a flood of one star, comes last; unknown has no place."""
    places: dict[dt.date, list[tuple[int | None, str]]] = defaultdict(list)
    for row in dev["ratings_by_brand_and_month"].records:
        places[row["month"]].append((row["place"], row["brand_id"]))
    assert places[dt.date(2014, 5, 1)] == [(1, "solo"), (2, "sony"), (None, "unknown")]
    assert places[dt.date(2014, 6, 1)] == [(1, "canon"), (2, "sony"), (None, "unknown")]


def test_ratings_of_categories(dev: dict[str, Answer]) -> None:
    months = by_month(CATEGORY)
    found = {(row["month"], row["category_name"]): row for row in dev["ratings_by_category_and_month"].records}
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


def test_most_helpful_reviews(dev: dict[str, Answer]) -> None:
    """98 of 100 come before 10 of 10, and none of 50 comes last; 7 of 3 has no place."""
    rows = dev["most_helpful_reviews"].records
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


def window(product: str, last: dt.date, days: int = 90) -> list[int]:
    """The ratings of the days up to the last one."""
    of_product = [review for review in LATEST if review.product == product]
    return stars_of([review for review in of_product if 0 <= (last - review.day).days < days])


def expected_fall(product: str, last: dt.date, days: int = 90) -> dict[str, Any]:
    now, before = window(product, last, days), window(product, last - dt.timedelta(days=days), days)
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


def test_products_whose_ratings_fall(dev: dict[str, Answer]) -> None:
    """One fell, one may have by chance; those that rise, have nine ratings or no name are not there."""
    rows = {row.pop("product_id"): row for row in map(dict, dev["products_whose_ratings_fall"].records)}
    assert [(key, row.pop("title"), row.pop("brand_name")) for key, row in rows.items()] == [
        (FALLS, 'Camera, "small"', "SONY"),
        (SLIPS, "Écharpe", "Canon"),
    ]
    assert rows == {key: expected_fall(key, REPORT_DAY) for key in (FALLS, SLIPS)}
    assert [row["is_beyond_chance"] for row in rows.values()] == [True, False]
    assert (rows[SLIPS]["ratings_before"], rows[SLIPS]["ratings_now"]) == (10, 10)


def test_shift_of_the_distribution(dev: dict[str, Answer]) -> None:
    months = {key: stars for key, reviews in by_month(CATEGORY).items() if (stars := stars_of(reviews))}
    found = {(row["month"], row["category_name"]): row for row in dev["shift_of_the_distribution"].records}
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


def test_reviews_that_wait_for_a_product(dev: dict[str, Answer]) -> None:
    first, second = dt.date(2014, 7, 1), dt.date(2014, 7, 11)
    rows: list[Record] = dev["reviews_that_wait_for_a_product"].records
    assert [tuple(row.values()) for row in rows] == [
        (NEVER_DESCRIBED, 4, 4, 3.5, dt.date(2014, 5, 30), dt.date(2014, 6, 2), first, 10),
        ("B888", 1, 1, 1.0, dt.date(2014, 6, 11), dt.date(2014, 6, 11), second, 0),
        ("unknown", 1, 1, 2.0, dt.date(2014, 5, 10), dt.date(2014, 5, 10), first, 10),
    ]


def test_parameters_choose_windows_and_sizes_on_both_engines(house: Warehouse) -> None:
    """Before, the scarf had ten ratings of five stars and no other: a window without any variance."""
    variables = ("--vars", "{report_day: 2014-06-18, window_days: 18, least_ratings: 9, top: 2}")
    dev = answers_of_dev(house, compiled(house, "dev", *variables))
    prod = answers_of_prod(house, compiled(house, "prod", *variables))
    assert {name: answer.rows for name, answer in dev.items()} == {name: answer.rows for name, answer in prod.items()}
    assert len(dev["most_helpful_reviews"].records) == 2
    [row] = (dict(row) for row in dev["products_whose_ratings_fall"].records)
    assert (row.pop("product_id"), row.pop("title"), row.pop("brand_name")) == (RARE, "Scarf", None)
    assert row == expected_fall(RARE, dt.date(2014, 6, 18), 18)
