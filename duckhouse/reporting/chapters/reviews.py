"""Reviews in the report: ratings by month, products that fall, brands and categories compared fairly, records."""

from collections.abc import Sequence
from datetime import date

from duckhouse.reporting import charts, formats
from duckhouse.reporting.page import (
    Fact,
    Folded,
    Found,
    Part,
    Row,
    Section,
    Table,
    Text,
    View,
    records_fact,
    records_section,
)

HEADING = "Reviews"
VIEWS = {
    "months": View("rpt_reviews_months", ("month",)),
    "falling": View("rpt_reviews_products_falling", ("change_high", "product_id")),
    "brands": View("rpt_reviews_brands", ("place", "brand_id")),
    "categories": View("rpt_reviews_categories", ("category_id",)),
    "category_months": View("rpt_reviews_category_months", ("month", "category_id")),
    "waiting": View("rpt_reviews_products_waiting", ("waits_since", "product_id")),
    "helpful": View("rpt_reviews_most_helpful", ("place",)),
    "records": View("rpt_reviews_records", ("delivery_id",)),
    "open_errors": View("rpt_reviews_open_errors", ("month",), quality=True),
}
MOST_NAMES, MOST_LAST = 20, 5
YEARS = 5  # of monthly figures in the charts
MOST_LETTERS = 12  # of a brand's name in a chart: the number of its ratings must stay readable
STARS = {
    "5 stars": charts.BLUE,
    "4 stars": charts.PALE,
    "3 stars": charts.LIGHT,
    "2 stars": charts.ORANGE,
    "1 star": charts.RED,
}

MONTH_HEADERS = ("month", "reviews", "ratings", "mean", "from", "to", "one or two stars")
FALLING_HEADERS = ("product", "title", "brand", "mean before", "mean now", "change", "from", "to", "ratings now")
NAME_HEADERS = ("reviews", "ratings", "mean", "mean to rank by", "one or two stars")
BRAND_HEADERS = ("brand", *NAME_HEADERS)
CATEGORY_HEADERS = ("main category", *NAME_HEADERS)
SHIFT_HEADERS = ("main category", "month", "ratings before", "ratings", "other stars", "mean", "change of mean")
WAITING_HEADERS = ("product", "reviews", "mean", "first review", "last review", "waits since", "days")
HELPFUL_HEADERS = ("place", "product", "title", "day", "stars", "helpful", "of votes", "at least")
ERROR_HEADERS = ("month", "reviews", "in open errors", "of all")
OF_MONTHS = "Mean of the ratings of each month, with its 95 % interval. UTC, by the day of the review."
OF_FALLING = (
    "The days up to {day} against as many before, with the 95 % interval of the difference. Of 1,000 products that "
    "never changed some 25 fall beyond chance by chance."
)
OF_BRANDS = (
    "Points: the mean as if ratings of the mean of all stood beside a brand's own, so that few ratings lead no "
    "ranking, and what so many ratings leave open (95 %). Orange: the plain mean. In brackets: ratings."
)
OF_CATEGORIES = "Each product counts for one category, the first of its first path. Bars: shares of ratings."
OF_SHIFTS = (
    "Categories whose stars spread otherwise than in the month before, beyond chance. The latest months come first."
)
OF_WAITING = (
    "Their reviews count, for no brand and no category: ask the shop for those that wait longest. Reviews of unknown "
    "name no product."
)
OF_HELPFUL = (
    "Ranked by the share of helpful votes that is the least to expect (95 %), so that one vote of one leads no list."
)
OF_ERRORS = "Reviews that an open error is about. They are part of the figures above."


def facts(found: Found) -> list[Fact]:
    """The figures that the chapter opens with."""
    months, brands, waiting = (found[name] for name in ("months", "brands", "waiting"))
    reviews, rated = (sum(getattr(row, name) for row in months) for name in ("reviews", "ratings"))
    stars = [sum(counts) for counts in zip(*map(stars_of, months), strict=True)]
    undescribed = sum(row.product_id != "unknown" for row in waiting)
    return [
        Fact("mean rating", mean_of(stars), f"of {formats.counted(rated, 'rating')}"),
        Fact("reviews", formats.count(reviews), in_errors(found)),
        Fact("one or two stars", formats.share(stars[0] + stars[1], rated)),
        Fact("products", formats.count(sum(row.products for row in brands)), f"{undescribed:,} that nobody describes"),
        Fact("reviews that wait for a product", formats.count(sum(row.reviews for row in waiting))),
        Fact("brands", formats.count(sum(not row.is_unknown for row in brands))),
        records_fact(found["records"]),
    ]


def in_errors(found: Found) -> str:
    errors = found["open_errors"]
    return "" if errors is None else f"{sum(row.reviews_in_open_errors for row in errors):,} of them in open errors"


def stars_of(row: Row) -> tuple[int, ...]:
    return (row.ratings_1, row.ratings_2, row.ratings_3, row.ratings_4, row.ratings_5)


def mean_of(counts: Sequence[int]) -> str:
    total = sum(counts)
    return f"{sum(stars * number for stars, number in enumerate(counts, start=1)) / total:.2f}" if total else "none"


def sections(found: Found) -> list[Section]:
    doubts = [errors(found)] if found["open_errors"] else []
    return [
        Section("Do ratings get better or worse?", *by_month(found)),
        Section("Whose customers are less content than before?", *falling(found)),
        Section("Which brands lead?", *brands(found), folded=True),
        Section("How do the stars of each main category spread?", *categories(found), folded=True),
        Section("Where did the stars shift?", [shifts(found)], OF_SHIFTS, folded=True),
        Section("Which products wait for a description?", [waiting(found)], OF_WAITING, folded=True),
        Section("Which reviews help readers most?", [helpful(found)], OF_HELPFUL, folded=True),
        *(Section("Which reviews are in doubt?", [table], OF_ERRORS, folded=True) for table in doubts),
        records_section(found["records"]),
    ]


def by_month(found: Found) -> tuple[list[Part], str]:
    months = [row for row in found["months"] if row.ratings]
    if not months:
        return [Text("No review has a rating.")], ""
    last = max((row.month for row in months if not row.is_after_last_delivery), default=months[0].month)
    first = date(max(last.year - YEARS, date.min.year), last.month, 1)
    drawn = [row for row in months if first <= row.month <= last and not row.is_small_sample]
    points = [(row.month, row.rating_mean, row.rating_mean_low, row.rating_mean_high) for row in drawn]
    chart: Part = charts.months_chart(points, "mean rating", ".2f") if points else Text("No month has enough ratings.")
    others = len(months) - len(drawn)
    note = f" In the table only: {formats.counted(others, 'month')} of few ratings or of other years." if others else ""
    rows = map(month_row, reversed(months))
    all_months = Folded(
        "All months",
        [Table("Months, the latest first; those after the latest delivery come last", MONTH_HEADERS, rows)],
    )
    return [chart, all_months], OF_MONTHS + note


def falling(found: Found) -> tuple[list[Part], str]:
    fallen = [row for row in found["falling"] if row.is_beyond_chance]
    if not fallen:
        return [Text("No product has fallen beyond chance.")], ""
    table = Table("Products that fell beyond chance, the surest first", FALLING_HEADERS, map(falling_row, fallen))
    return [table], OF_FALLING.format(day=fallen[0].report_day)


def brands(found: Found) -> tuple[list[Part], str]:
    ranked = [row for row in found["brands"] if row.place]
    if not ranked:
        return [Text("No rating is of a product with a brand.")], ""
    shown = ranked[:MOST_NAMES]
    more = len(ranked) - len(shown)
    note = f" Not drawn: {formats.counted(more, 'brand')} that come after these." if more else ""
    label = "brands by mean rating, with 95 % intervals"
    chart = charts.interval_chart(list(map(brand_point, shown)), "mean rating", ".1f", label, from_zero=False)
    first = Table("The first brands", BRAND_HEADERS, (name_row(row.brand_name, row) for row in shown))
    last = Table("The last brands", BRAND_HEADERS, (name_row(row.brand_name, row) for row in ranked[-MOST_LAST:]))
    return [chart, first, last], OF_BRANDS + note


def brand_point(row: Row) -> dict[str, object]:
    name = row.brand_name
    return {
        "name": f"{name if len(name) <= MOST_LETTERS else f'{name[:MOST_LETTERS]}…'} ({formats.count(row.ratings)})",
        "value": row.rating_mean_shrunken,
        "low": row.rating_mean_shrunken_low,
        "high": row.rating_mean_shrunken_high,
        "other": row.rating_mean,
    }


def categories(found: Found) -> tuple[list[Part], str]:
    rated = sorted((row for row in found["categories"] if row.ratings), key=lambda row: -row.ratings)
    if not rated:
        return [Text("No review has a rating.")], ""
    bars = [
        (row.category_name, series, number)
        for row in rated[:MOST_NAMES]
        for series, number in zip(STARS, reversed(stars_of(row)), strict=True)
    ]
    rows = (name_row(row.category_name, row) for row in rated)
    chart = charts.shares_chart(bars, STARS, "shares of stars by main category")
    return [chart, Table("Main categories by ratings", CATEGORY_HEADERS, rows)], OF_CATEGORIES


def shifts(found: Found) -> Table:
    shifted = [row for row in reversed(found["category_months"]) if row.is_beyond_chance]
    return Table("Shifts beyond chance", SHIFT_HEADERS, map(shift_row, shifted))


def waiting(found: Found) -> Table:
    return Table("Products that no delivery describes", WAITING_HEADERS, map(waiting_row, found["waiting"]))


def helpful(found: Found) -> Table:
    return Table("Most helpful reviews", HELPFUL_HEADERS, map(helpful_row, found["helpful"]))


def errors(found: Found) -> Table:
    months = [row for row in reversed(found["open_errors"]) if row.reviews_in_open_errors]
    return Table("Reviews in open errors, the latest months first", ERROR_HEADERS, map(error_row, months))


def mean(number: float | None) -> str:
    return "" if number is None else f"{number:.2f}"


def month_row(row: Row) -> tuple[str, ...]:
    return (
        f"{row.month:%Y-%m}",
        formats.count(row.reviews),
        formats.count(row.ratings),
        *map(mean, (row.rating_mean, row.rating_mean_low, row.rating_mean_high)),
        formats.percent(row.share_of_low_ratings, 2),
    )


def falling_row(row: Row) -> tuple[str, ...]:
    return (
        row.product_id,
        row.title or "",
        row.brand_name or "",
        *map(mean, (row.rating_mean_before, row.rating_mean_now, row.mean_change, row.change_low, row.change_high)),
        formats.count(row.ratings_now),
    )


def name_row(name: str, row: Row) -> tuple[str, ...]:
    return (
        name,
        formats.count(row.reviews),
        formats.count(row.ratings),
        *map(mean, (row.rating_mean, row.rating_mean_shrunken)),
        formats.percent(row.share_of_low_ratings, 2),
    )


def shift_row(row: Row) -> tuple[str, ...]:
    return (
        row.category_name,
        f"{row.month:%Y-%m}",
        *map(formats.count, (row.ratings_before, row.ratings)),
        formats.percent(row.shift),
        *map(mean, (row.rating_mean, row.mean_change)),
    )


def waiting_row(row: Row) -> tuple[str, ...]:
    return (
        row.product_id,
        formats.count(row.reviews),
        mean(row.rating_mean),
        *map(str, (row.first_review_day, row.last_review_day, row.waits_since)),
        formats.count(row.days_waiting),
    )


def helpful_row(row: Row) -> tuple[str, ...]:
    return (
        formats.count(row.place),
        row.product_id,
        row.title or "",
        str(row.event_date),
        *map(formats.count, (row.rating, row.helpful_votes, row.total_votes)),
        formats.percent(row.helpful_share_low),
    )


def error_row(row: Row) -> tuple[str, ...]:
    return (
        f"{row.month:%Y-%m}",
        *map(formats.count, (row.reviews, row.reviews_in_open_errors)),
        formats.percent(row.share_in_open_errors),
    )
