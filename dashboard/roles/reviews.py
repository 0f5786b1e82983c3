"""Reviews: do ratings get better or worse, whose customers are less content, and which reviews help?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import streamlit as st

from dashboard import charts, filters, parts
from dashboard.asking import Asking
from dashboard.filters import Period
from duckhouse.reporting import formats
from duckhouse.warehouse.questions import Between, In, Question
from duckhouse.warehouse.reading import Row

TITLE = "Reviews"
ICON = ":material/star:"

FIGURES = ("average_rating", "reviews", "ratings")
GOOD = {"average_rating": True}
MOST_NAMES = 20
MOST_REVIEWS = 200  # to choose from
STARS = {
    "ratings_5": "5 stars",
    "ratings_4": "4 stars",
    "ratings_3": "3 stars",
    "ratings_2": "2 stars",
    "ratings_1": "1 star",
}
RATING_LABELS = {
    "reviews": "Reviews",
    "ratings": "Ratings",
    "rating_mean": "Mean",
    "rating_mean_shrunken": "Mean to rank by",
    "rating_mean_shrunken_low": "From",
    "rating_mean_shrunken_high": "To",
    "share_of_low_ratings": "One or two stars",
    "is_small_sample": "Few ratings",
}


def show(asking: Asking) -> None:
    months = parts.known_days(
        asking, "rpt_reviews_months", "reviews", In("is_after_last_delivery", (False,)), column="month"
    )
    if not months:
        return
    chosen = month(asking, *months)
    asked = Question("rpt_reviews_months", measures=parts.asked(FIGURES))
    parts.figures(asking.one(parts.compared(asked, chosen, "month")), FIGURES, GOOD)
    by_month(asking, months[1])
    falling(asking)
    brands(asking)
    categories(asking, chosen)
    waiting(asking)
    helpful(asking)
    product_reviews(asking)
    open_errors(asking)


def month(asking: Asking, first: date, last: date) -> Period:
    """Asks for a month; usually the last one that was over when the last delivery came."""
    known = Question(
        "rpt_reviews_months",
        columns=("month",),
        where=(Between("month", first, last),),
        order_by=("-month",),
    )
    months = {f"{row.month:%Y-%m}": row.month for row in asking.rows(known)}
    delivered = asking.one(Question("rpt_reviews_records", measures={"last": "max(delivered_at)"})).last
    over = [name for name, begin in months.items() if following(begin) <= delivered.date()]
    begin = months[filters.picked("Month", "month", list(months), next(iter(over or months)))]
    before = date(begin.year - (begin.month == 1), (begin.month - 2) % 12 + 1, 1)
    return Period(begin, begin, (before, before))


def following(begin: date) -> date:
    return date(begin.year + (begin.month == 12), begin.month % 12 + 1, 1)


def by_month(asking: Asking, last: date) -> None:
    st.subheader("Do ratings get better or worse?")
    asked = Question("rpt_reviews_months", order_by=("-month",))
    first = date(max(last.year - 5, date.min.year), last.month, 1)
    drawn = asking.rows(asked.narrowed(Between("month", first, last), In("is_small_sample", (False,))))
    if drawn:
        chart = charts.lines(drawn, "month", {"rating_mean": "Mean rating"}, "rating", interval=True)
        parts.chart(chart, f"Mean rating by month up to {last:%Y-%m}, with 95 % intervals")
        if len(drawn) == 1:
            st.caption("Only one month has enough ratings to draw.")
    labels = {
        "month": "Month",
        "reviews": "Reviews",
        "ratings": "Ratings",
        "rating_mean": "Mean",
        "rating_mean_low": "From",
        "rating_mean_high": "To",
        "share_of_low_ratings": "One or two stars",
        "is_small_sample": "Few ratings",
        "is_after_last_delivery": "After the last delivery",
    }
    parts.table(asking, asked, "Months", labels)
    st.caption("UTC, by the day of the review; 95 % intervals. Months of few ratings are in the table only.")


def falling(asking: Asking) -> None:
    st.subheader("Whose customers are less content than before?")
    labels = {
        "title": "Product",
        "product_id": "Id",
        "brand_name": "Brand",
        "rating_mean_before": "Mean before",
        "rating_mean_now": "Mean now",
        "mean_change": "Change",
        "change_low": "From",
        "change_high": "To",
        "is_beyond_chance": "Beyond chance",
        "ratings_before": "Ratings before",
        "ratings_now": "Ratings now",
        "report_day": "Up to",
    }
    asked = Question("rpt_reviews_products_falling", order_by=("change_high", "product_id"))
    parts.table(asking, asked, "Products that fall", labels)
    st.caption(
        "The latest days against as many before, with the 95 % interval of the difference. Of 1,000 products that "
        "never changed some 25 fall beyond chance by chance."
    )


def brands(asking: Asking) -> None:
    st.subheader("Which brands lead?")
    asked = Question("rpt_reviews_brands", where=(In("is_unknown", (False,)),), order_by=("place", "brand_id"))
    rows = [row for row in asking.rows(asked.limited(MOST_NAMES)) if row.rating_mean_shrunken is not None]
    draw_ratings(rows, [f"{row.brand_name} ({formats.count(row.ratings)})" for row in rows], "brands")
    labels = {"place": "Place", "brand_name": "Brand", "products": "Products", **RATING_LABELS}
    parts.table(asking, asked, "Brands", labels)
    st.caption(
        "The mean as if ratings of the mean of all stood beside a brand's own, so that few ratings lead no ranking, "
        "with its 95 % interval. In brackets: ratings."
    )


def draw_ratings(rows: Sequence[Row], names: Sequence[str], what: str) -> None:
    if rows:
        drawn = charts.intervals(rows, names, "rating_mean_shrunken", "rating", "Mean rating")
        parts.chart(drawn, f"The first {what} by mean rating, with 95 % intervals")


def categories(asking: Asking, chosen: Period) -> None:
    st.subheader("How do the stars of each category spread?")
    asked = Question("rpt_reviews_categories", where=(Between("ratings", 1),), order_by=("-ratings", "category_id"))
    rows = asking.rows(asked.limited(MOST_NAMES))
    stars = [(row.category_name, told, getattr(row, column)) for row in rows for column, told in STARS.items()]
    parts.chart(charts.shares(stars, list(STARS.values())), "Shares of stars by main category")
    parts.table(asking, asked, "Categories", {"category_name": "Category", **RATING_LABELS})
    st.caption("All months. Each product counts for one category, the first of its first path.")
    st.subheader(f"Where did the stars shift in {chosen.first:%Y-%m}?")
    labels = {
        "category_name": "Category",
        "ratings_before": "Ratings before",
        "ratings": "Ratings",
        "rating_mean": "Mean",
        "mean_change": "Change of mean",
        "shift": "Other stars than before",
        "is_beyond_chance": "Beyond chance",
        "share_of_low_ratings": "One or two stars",
    }
    shifts = Question(
        "rpt_reviews_category_months",
        where=(In("month", (chosen.first,)),),
        order_by=("-is_beyond_chance", "-shift", "category_id"),
    )
    parts.table(asking, shifts, "Categories in the month", labels)
    names = {"place": "Place", "brand_name": "Brand", "reviews": "Reviews", "ratings": "Ratings"}
    means = {"rating_mean": "Mean", "rating_mean_shrunken": "Mean to rank by", "mean_change": "Change of mean"}
    of_month = Question("rpt_reviews_brand_months", where=shifts.where, order_by=("mean_change", "brand_id"))
    with st.expander("Brands in the month, those that fell most first"):
        parts.table(asking, of_month, "Brands in the month", {**names, **means})


def waiting(asking: Asking) -> None:
    st.subheader("Which products wait for a description?")
    labels = {
        "product_id": "Product",
        "reviews": "Reviews",
        "rating_mean": "Mean",
        "first_review_day": "First review",
        "last_review_day": "Last review",
        "waits_since": "Waits since",
        "days_waiting": "Days",
    }
    asked = Question("rpt_reviews_products_waiting", order_by=("-days_waiting", "-reviews", "product_id"))
    parts.table(asking, asked, "Products that wait", labels)
    st.caption("Their reviews count, for no brand and no category. Reviews of unknown name no product.")


def helpful(asking: Asking) -> None:
    st.subheader("Which reviews help readers most?")
    labels = {
        "place": "Place",
        "title": "Product",
        "product_id": "Id",
        "event_date": "Day",
        "rating": "Stars",
        "helpful_votes": "Helpful",
        "total_votes": "Of votes",
        "helpful_share": "Helpful share",
        "helpful_share_low": "At least",
        "text_length": "Letters",
        "review_id": "Id of the review",
    }
    parts.table(asking, Question("rpt_reviews_most_helpful", order_by=("place",)), "Most helpful reviews", labels)
    st.caption(
        "Ranked by the share of helpful votes that is the least to expect (95 %): one vote of one leads no list."
    )


def product_reviews(asking: Asking) -> None:
    st.subheader("What do reviews of a product say?")
    product = st.text_input("Id of the product", key="product", bind="query-params").strip()
    if not product:
        return
    labels = {
        "event_at": "Time, UTC",
        "rating": "Stars",
        "helpful_votes": "Helpful",
        "total_votes": "Of votes",
        "text_length": "Letters",
        "review_id": "Id of the review",
        "_delivery_id": "Delivery",
        "_source_file": "File",
        "_source_row": "Record",
    }
    of_product = Question(
        "fct_product_reviews",
        columns=tuple(labels),
        where=(In("product_id", (product,)),),
        order_by=("-event_at", "review_id"),
        schema="marts",
    )
    parts.table(asking, of_product, "Reviews of the product", labels)
    latest = replace(of_product, columns=("review_id", "event_at", "rating"), limit=MOST_REVIEWS)
    told = {row.review_id: f"{row.event_at:%Y-%m-%d}, {row.rating or 'no'} stars" for row in asking.rows(latest)}
    review = filters.choice("Review", "review", told, "Choose a review to read it") if told else None
    if not review:
        return
    text = Question(
        "fct_product_review_texts",
        columns=("summary", "review_text"),
        where=(In("review_id", (review,)),),
        schema="marts",
    )
    for row in asking.rows(text):
        st.text(row.summary or "")
        st.text(row.review_text or "")


def open_errors(asking: Asking) -> None:
    if not asking.has("rpt_reviews_open_errors"):
        return
    st.subheader("Which reviews are in doubt?")
    labels = {
        "month": "Month",
        "reviews": "Reviews",
        "reviews_in_open_errors": "In open errors",
        "share_in_open_errors": "Of all",
    }
    asked = Question("rpt_reviews_open_errors", where=(Between("reviews_in_open_errors", 1),), order_by=("-month",))
    parts.table(asking, asked, "Reviews in open errors", labels)
