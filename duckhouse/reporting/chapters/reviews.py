"""Reviews in the report: ratings by month, brands and categories compared fairly, products that wait, records."""

import math
from datetime import date
from statistics import NormalDist
from typing import Any, NamedTuple

from duckhouse.reporting.page import (
    Found,
    Row,
    definitions,
    first_rows,
    folded,
    interval_chart,
    months_chart,
    paragraph,
    records_section,
    section,
    share,
    shares_chart,
    table,
)

HEADING = "Reviews"
CONFIDENCE = 0.95
PRIOR_WEIGHT = 10  # var rating_prior_weight of dbt_project.yml
MOST_NAMES, MOST_LAST, MOST_WAITING = 20, 5, 10
YEARS = 5  # of months that are drawn
LEAST_RATINGS = 30  # of a month that is drawn, as var least_sampled
MOST_LETTERS = 12  # of a brand in a chart: the number of its ratings has to stay readable
STARS = {
    "5 stars": "#0b6e99",
    "4 stars": "#9ac4d8",
    "3 stars": "#dfe3e8",
    "2 stars": "#e0a030",
    "1 star": "#c0392b",
}

TOTALS = """
    with reviews as (
        select count(*) as reviews, count(distinct reviewer_key) as reviewers
        from marts.fct_product_reviews
    ),
    products as (
        select count(*) as products, count(*) filter (is_described) as described
        from marts.dim_products
        where product_id <> 'unknown'
    ),
    brands as (
        select count(*) as brands
        from marts.dim_brands
        where not is_unknown
    )
    select reviews.*, products.*, brands.*
    from reviews, products, brands
"""
SUMS = ", ".join(f"cast(sum(ratings_{stars}) as bigint)" for stars in range(1, 6))
MONTHS = f"""
    select cast(month as varchar), cast(sum(reviews) as bigint), {SUMS}
    from marts.agg_category_ratings
    group by month
    order by month
"""
BRANDS = f"""
    select brand_name, cast(sum(reviews) as bigint), {SUMS}
    from marts.agg_brand_ratings
    where brand_id <> 'unknown'
    group by brand_id, brand_name
    having sum(ratings) > 0
    order by brand_id
"""
CATEGORIES = f"""
    select category_name, cast(sum(reviews) as bigint), {SUMS}
    from marts.agg_category_ratings
    group by category_id, category_name
    having sum(ratings) > 0
    order by sum(ratings) desc, category_id
"""
WAITING = """
    select product_id, count(*), min(event_date), max(event_date)
    from marts.fct_product_reviews
    inner join marts.dim_products using (product_id)
    where not is_described
    group by product_id
    order by 2 desc, 1
"""
RECORDS = """
    select _delivery_id, min(_delivered_at), count(*), sum(records_read), sum(records_current), sum(records_replaced),
           sum(records_set_aside), sum(records_rejected), sum(records_blank)
    from quality.fct_product_review_records
    group by _delivery_id
    order by _delivery_id
"""
QUERIES = {
    "rows": "select 1 from marts.fct_product_reviews limit 1",
    "totals": TOTALS,
    "months": MONTHS,
    "brands": BRANDS,
    "categories": CATEGORIES,
    "waiting": WAITING,
    "records": RECORDS,
}
MONTH_HEADERS = ("month", "reviews", "ratings", "mean", "from", "to", "one or two stars")
NAME_HEADERS = ("reviews", "ratings", "mean", "mean to rank by", "one or two stars")
BRAND_HEADERS = ("brand", *NAME_HEADERS)
WAITING_HEADERS = ("product", "reviews", "first", "last")
OF_MONTHS = f"Mean of the ratings of each month, with its {CONFIDENCE:.0%} interval. UTC, by the day of the review."
OF_BRANDS = (
    f"Points: the mean as if {PRIOR_WEIGHT} ratings of the mean of all stood beside a brand's own, so that few ratings "
    f"lead no ranking, and what so many ratings leave open ({CONFIDENCE:.0%}). Orange: the plain mean. In brackets: "
    "ratings."
)
OF_CATEGORIES = "Each product counts for one category, the first of its first path. Bars: shares of ratings."


class Ratings(NamedTuple):
    """A month, brand or category, and how many ratings of one to five stars it has."""

    name: str
    reviews: int
    stars: tuple[int, ...]

    @property
    def rated(self) -> int:
        return sum(self.stars)

    @property
    def total(self) -> int:
        return sum(stars * count for stars, count in enumerate(self.stars, start=1))

    @property
    def low(self) -> int:
        """Ratings of one or two stars."""
        return self.stars[0] + self.stars[1]

    @property
    def mean(self) -> float:
        return self.total / self.rated

    @property
    def deviation(self) -> float:
        """Standard deviation of the ratings; 0 of a single one."""
        squares = sum(count * (stars - self.mean) ** 2 for stars, count in enumerate(self.stars, start=1))
        return math.sqrt(squares / (self.rated - 1)) if self.rated > 1 else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return around(self.mean, self.deviation, self.rated)

    def shrunken(self, everything: "Ratings") -> float:
        return (self.total + PRIOR_WEIGHT * everything.mean) / (self.rated + PRIOR_WEIGHT)


def ratings_of(rows: list[Row]) -> list[Ratings]:
    return [Ratings(name, reviews, tuple(stars)) for name, reviews, *stars in rows]


def all_ratings(found: Found) -> Ratings:
    reviews, *stars = (sum(row[place] for row in found["months"]) for place in range(1, 7))
    return Ratings("all", reviews, tuple(stars))


def around(value: float, deviation: float, rated: int) -> tuple[float, float]:
    """The interval of a mean of so many ratings, within what stars can say."""
    reach = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * deviation / math.sqrt(rated)
    return max(value - reach, 1.0), min(value + reach, 5.0)


def summary(found: Found) -> list[tuple[str, str]]:
    """The figures that the chapter opens with, named and formatted."""
    reviews, reviewers, products, described, brands = found["totals"][0]
    read, *fates = (sum(row[place] for row in found["records"]) for place in range(3, 9))
    everything = all_ratings(found)
    return [
        ("reviews, with a rating", f"{reviews:,}, {everything.rated:,}"),
        ("mean rating", mean_with_interval(everything)),
        ("  one or two stars", share(everything.low, everything.rated)),
        ("reviewers", f"{reviewers:,}"),
        ("products, described", f"{products:,}, {described:,}"),
        ("  reviews that wait for a product", f"{sum(row[1] for row in found['waiting']):,}"),
        ("brands", f"{brands:,}"),
        ("records read", f"{read:,}, {'all' if read == sum(fates) else f'{sum(fates):,}'} accounted for"),
    ]


def mean_with_interval(ratings: Ratings) -> str:
    if not ratings.rated:
        return "none"
    low, high = ratings.interval
    return f"{ratings.mean:.2f} ({low:.2f} to {high:.2f}, {CONFIDENCE:.0%})"


def sections(found: Found) -> list[str]:
    return [
        section("Summary", definitions(summary(found))),
        section("Ratings by month", *by_month(found)),
        section("Brands", *brands(found)),
        section("Main categories", *categories(found)),
        section("Products that no delivery describes", *waiting(found)),
        records_section(found["records"]),
    ]


def by_month(found: Found) -> tuple[str, str]:
    months = [month for month in ratings_of(found["months"]) if month.rated]
    if not months:
        return paragraph("No review has a rating."), ""
    last = max(row[1] for row in found["records"]).date()
    first = date(last.year - YEARS, last.month, 1)
    shown = [month for month in months if str(first) <= month.name <= str(last) and month.rated >= LEAST_RATINGS]
    points = [(month.name, month.mean, *month.interval) for month in shown]
    drawn = (
        months_chart(points, "mean rating", ".2f") if points else paragraph(f"No month has {LEAST_RATINGS} ratings.")
    )
    note = OF_MONTHS
    if len(shown) < len(months):
        others = len(months) - len(shown)
        note += f" In the table only: {others:,} with fewer than {LEAST_RATINGS} ratings or of other years."
    return drawn + folded("All months", table(MONTH_HEADERS, map(month_row, months))), note


def brands(found: Found) -> tuple[str, str]:
    everything = all_ratings(found)
    ranked = sorted(ratings_of(found["brands"]), key=lambda brand: -brand.shrunken(everything))
    if not ranked:
        return paragraph("No rating is of a product with a brand."), ""
    points = [brand_point(brand, everything) for brand in ranked[:MOST_NAMES]]
    more = len(ranked) - len(points)
    note = f" Not drawn: {more:,} brands that come after these." if more else ""
    label = "brands by mean rating, with 95 % intervals"
    chart = interval_chart(points, "mean rating", ".1f", label, from_zero=False)
    rows = [name_row(brand, everything) for brand in ranked]
    tables = folded("These brands", table(BRAND_HEADERS, rows[:MOST_NAMES]))
    tables += folded("The last of all brands", table(BRAND_HEADERS, rows[-MOST_LAST:]))
    return chart + tables, OF_BRANDS + note


def brand_point(brand: Ratings, everything: Ratings) -> dict[str, Any]:
    value = brand.shrunken(everything)
    low, high = around(value, everything.deviation, brand.rated + PRIOR_WEIGHT)
    name = brand.name if len(brand.name) <= MOST_LETTERS else f"{brand.name[:MOST_LETTERS]}…"
    return {"name": f"{name} ({brand.rated:,})", "value": value, "low": low, "high": high, "other": brand.mean}


def categories(found: Found) -> tuple[str, str]:
    everything = all_ratings(found)
    found_ratings = ratings_of(found["categories"])
    if not found_ratings:
        return paragraph("No review has a rating."), ""
    shown, left_out = first_rows(found_ratings, MOST_NAMES, "with fewer ratings")
    bars = [
        (category.name, series, category.stars[4 - place]) for category in shown for place, series in enumerate(STARS)
    ]
    rows = table(("main category", *NAME_HEADERS), (name_row(category, everything) for category in shown))
    return shares_chart(bars, STARS, "shares of stars by main category") + rows, OF_CATEGORIES + left_out


def waiting(found: Found) -> tuple[str, str]:
    if not found["waiting"]:
        return paragraph("Every product that is reviewed is described."), ""
    shown, left_out = first_rows(found["waiting"], MOST_WAITING, "products with fewer reviews")
    note = "Their reviews count, for no brand and no category; those of unknown name no product."
    return table(WAITING_HEADERS, map(waiting_row, shown)), note + left_out


def month_row(month: Ratings) -> tuple[str, ...]:
    counts = (f"{month.reviews:,}", f"{month.rated:,}", f"{month.mean:.2f}")
    return (month.name[:7], *counts, *(f"{end:.2f}" for end in month.interval), share(month.low, month.rated))


def name_row(one: Ratings, everything: Ratings) -> tuple[str, ...]:
    means = (f"{one.mean:.2f}", f"{one.shrunken(everything):.2f}")
    return (one.name, f"{one.reviews:,}", f"{one.rated:,}", *means, share(one.low, one.rated))


def waiting_row(row: Row) -> tuple[str, ...]:
    product, reviews, first, last = row
    return (product, f"{reviews:,}", str(first), str(last))
