"""Layouts of the tables of reviews, and what their questions read."""

from tools.layouts.tables import AS_BUILT, DAYS, MONTHS, NAIVE, Area, Layout, MeasuredTable, TimedQuery, most

REVIEWS = "{marts}.fct_product_reviews"
RECORDS = "{staging}.stg_reviews__reviews"
YEARS = "toYear(event_date)"
BY_DELIVERY = "_delivery_id"
SUBJECTS = {
    "day": most("event_date", REVIEWS),
    "window_before": "select toString(toDate32({day}) - 89)",
    "month": "select toString(toYYYYMM(toDate32({day})))",
    "product": most("product_id", REVIEWS, "product_id <> 'unknown'"),
    "review": most("review_id", REVIEWS, "event_date = {day}"),
    "reviewer": f"select reviewer_key from {REVIEWS} where review_id = {{review}}",
    "delivery": f"select toString(max(_delivery_id)) from {RECORDS} having count() > 0",
}
RATINGS = "count(), count(rating), sum(rating)"
IN_ORDER = "product_id, event_at"
BY_REVIEWER = "reviewer_key, review_id"


def of_newest(keys: str) -> str:
    """The rows with the keys of the records of the newest delivery."""
    records = f"select {keys} from {RECORDS} where _delivery_id = {{delivery}}"
    return f"select * from {{table}} where ({keys}) in ({records})"


TABLES = (
    MeasuredTable(
        "marts",
        "fct_product_reviews",
        (
            NAIVE,
            Layout("without an index", IN_ORDER, MONTHS, 1024, increment=of_newest(MONTHS)),
            Layout("8192 rows a granule", IN_ORDER, MONTHS),
            Layout("days", IN_ORDER, DAYS, 1024, increment=of_newest("event_date")),
            Layout("years", IN_ORDER, YEARS, 1024, increment=of_newest(YEARS)),
            Layout("by time", "event_at, product_id", MONTHS, 1024),
            Layout("by review", "review_id", MONTHS, 1024),
            Layout("by reviewer", "reviewer_key, event_at", MONTHS, 1024),
            Layout(
                "ReplacingMergeTree, FINAL",
                "product_id, event_at, review_id",
                MONTHS,
                1024,
                "ReplacingMergeTree",
                reading="{table} final",
                increment=of_newest("review_id"),
            ),
            Layout("ZSTD(3)", IN_ORDER, MONTHS, 1024, codec="ZSTD(3)"),
            Layout("LZ4", IN_ORDER, MONTHS, 1024, codec="LZ4"),
        ),
        (
            TimedQuery(
                "a product by month",
                f"select toYYYYMM(event_date), {RATINGS} from {{table}} where product_id = {{product}} group by 1",
            ),
            TimedQuery(
                "a product in 90 days",
                f"select event_date, {RATINGS} from {{table}} where product_id = {{product}} "
                "and event_date between {window_before} and {day} group by event_date",
            ),
            TimedQuery(
                "all products in 90 days",
                f"select product_id, {RATINGS} from {{table}} "
                "where event_date between {window_before} and {day} group by product_id",
            ),
            TimedQuery(
                "most helpful reviews",
                "select review_id, helpful_share_low from {table} where helpful_share is not null "
                "order by helpful_share_low desc, total_votes desc, review_id limit 20",
            ),
            TimedQuery("a review by its id", "select event_at, rating from {table} where review_id = {review}"),
            TimedQuery("a reviewer", f"select {RATINGS} from {{table}} where reviewer_key = {{reviewer}}"),
            TimedQuery(
                "rebuild of a month of sums",
                f"select product_id, {RATINGS}, sum(total_votes) from {{table}} "
                f"where {MONTHS} = {{month}} group by product_id",
            ),
            TimedQuery("versions of the days, each run", "select distinct event_date, _day_version from {table}"),
        ),
    ),
    MeasuredTable(
        "marts",
        "fct_product_review_texts",
        (
            NAIVE,
            Layout("8192 rows a granule", BY_REVIEWER, MONTHS),
            Layout("without an index", BY_REVIEWER, MONTHS, 1024),
            Layout("by review", "review_id", MONTHS, 1024),
            Layout("ZSTD(3)", BY_REVIEWER, MONTHS, 1024, codec="ZSTD(3)"),
            Layout("LZ4", BY_REVIEWER, MONTHS, 1024, codec="LZ4"),
        ),
        (
            TimedQuery("a text by the id of its review", "select summary from {table} where review_id = {review}"),
            TimedQuery(
                "texts of a reviewer who is erased, each run",
                "select count() from {table} where reviewer_key in ({reviewer}) "
                "and coalesce(summary, review_text) is not null",
            ),
            TimedQuery(
                "texts of a month", f"select sum(length(review_text)) from {{table}} where {MONTHS} = {{month}}"
            ),
        ),
    ),
    MeasuredTable(
        "intermediate",
        "int_reviews__product_months",
        (
            NAIVE,
            Layout("8192 rows a granule", "product_id", DAYS),
            Layout("years", "product_id, event_date", YEARS, 1024),
            Layout("one partition", "product_id, event_date", granularity=1024),
        ),
        (
            TimedQuery(
                "all months by product, each change",
                "select product_id, event_date, sum(reviews), sum(rating_sum) from {table} group by all",
            ),
            TimedQuery("versions of the months, each run", "select distinct event_date, _day_version from {table}"),
        ),
    ),
    MeasuredTable(
        "staging",
        "stg_reviews__reviews",
        (
            NAIVE,
            Layout(AS_BUILT, "event_date", BY_DELIVERY),
            Layout("by file", "_source_file", BY_DELIVERY),
            Layout("by review", "review_id", BY_DELIVERY),
            Layout("by day and product", "event_date, product_id", BY_DELIVERY),
            Layout("ZSTD(3)", "event_date", BY_DELIVERY, codec="ZSTD(3)"),
            Layout("LZ4", "event_date", BY_DELIVERY, codec="LZ4"),
        ),
        (
            TimedQuery(
                "records of a month",
                "select uniq(review_id), max(_delivery_id), sum(length(review_text)) from {table} "
                "where set_aside_reason is null and event_date >= toStartOfMonth(toDate32({day})) "
                "and event_date <= toLastDayOfMonth(toDate32({day}))",
            ),
            TimedQuery(
                "records of the reviews of the newest delivery",
                f"select count() from {{table}} where review_id in "
                f"(select review_id from {RECORDS} where _delivery_id = {{delivery}})",
            ),
            TimedQuery("deliveries that are held, each run", "select distinct _delivery_id from {table}"),
        ),
    ),
)
AREA = Area(SUBJECTS, TABLES)
