CREATE VIEW duckhouse_reporting.rpt_reviews_products_falling
(
    `product_id` String COMMENT 'The shop\'s id of the product, in upper case; unknown for reviews that name none.',
    `title` Nullable(String) COMMENT 'Name of the product.',
    `brand_name` Nullable(String) COMMENT 'The brand as the shop writes it.',
    `report_day` Date32 COMMENT 'The last day that is compared.',
    `ratings_before` Int64 COMMENT 'Ratings of the days before.',
    `ratings_now` Int64 COMMENT 'Ratings of the days up to report_day.',
    `rating_mean_before` Nullable(Float64) COMMENT 'Mean of the ratings of the days before.',
    `rating_mean_now` Nullable(Float64) COMMENT 'Mean of the ratings of the days up to report_day.',
    `mean_change` Nullable(Float64) COMMENT 'rating_mean_now less rating_mean_before, in stars.',
    `change_low` Nullable(Float64) COMMENT 'Lower end of the interval of mean_change (var confidence_z, 95 percent; Welch, as both have a variance of their own).\n',
    `change_high` Nullable(Float64) COMMENT 'Upper end of that interval.',
    `is_beyond_chance` Bool COMMENT 'Whether the whole interval is below 0.'
)
COMMENT 'One row per product whose mean rating is lower than before: whose customers are less content? Asked by customer insight.\nCompared are the UTC days (var falling_days) up to the latest day with a review that is not after the last delivery, and as many before. A product needs ratings (var falling_ratings) in both. Of 1,000 products that never changed some 25 fall beyond chance by chance: read the list from the least change_high.\n'
AS WITH
    last_delivery AS
    (
        SELECT CAST(max(_delivered_at), 'Date32') AS delivery_day
        FROM duckhouse_quality.fct_product_review_records
    ),
    latest_day AS
    (
        SELECT max(reviews.event_date) AS report_day
        FROM duckhouse_marts.fct_product_reviews AS reviews
        CROSS JOIN last_delivery
        WHERE reviews.event_date <= last_delivery.delivery_day
    ),
    ratings AS
    (
        SELECT
            reviews.product_id AS product_id,
            reviews.rating AS rating,
            latest_day.report_day AS report_day,
            dateDiff('day', reviews.event_date, latest_day.report_day) AS days_ago
        FROM duckhouse_marts.fct_product_reviews AS reviews
        CROSS JOIN latest_day
        WHERE (reviews.rating IS NOT NULL) AND (reviews.product_id != 'unknown') AND ((dateDiff('day', reviews.event_date, latest_day.report_day) >= 0) AND (dateDiff('day', reviews.event_date, latest_day.report_day) <= ((2 * 90) - 1)))
    ),
    sums AS
    (
        SELECT
            ratings.product_id AS product_id,
            max(ratings.report_day) AS report_day,
            countIf((ratings.days_ago < 90)) AS ratings_now,
            CAST(sum(multiIf((ratings.days_ago < 90), ratings.rating, 0)), 'Int64') AS sum_now,
            CAST(sum(multiIf((ratings.days_ago < 90), ratings.rating * ratings.rating, 0)), 'Int64') AS squares_now,
            countIf(NOT (ratings.days_ago < 90)) AS ratings_before,
            CAST(sum(multiIf(NOT (ratings.days_ago < 90), ratings.rating, 0)), 'Int64') AS sum_before,
            CAST(sum(multiIf(NOT (ratings.days_ago < 90), ratings.rating * ratings.rating, 0)), 'Int64') AS squares_before
        FROM ratings
        GROUP BY ratings.product_id
    ),
    changes AS
    (
        SELECT
            *,
            CAST(sum_before, 'Nullable(Float64)') / nullIf(CAST(ratings_before, 'Nullable(Float64)'), 0) AS rating_mean_before,
            CAST(sum_now, 'Nullable(Float64)') / nullIf(CAST(ratings_now, 'Nullable(Float64)'), 0) AS rating_mean_now,
            (CAST(sum_now, 'Nullable(Float64)') / nullIf(CAST(ratings_now, 'Nullable(Float64)'), 0)) - (CAST(sum_before, 'Nullable(Float64)') / nullIf(CAST(ratings_before, 'Nullable(Float64)'), 0)) AS mean_change,
            CAST('1.959963984540054', 'Nullable(Float64)') * sqrt((CAST(CAST((ratings_before * squares_before) - (sum_before * sum_before), 'Nullable(Float64)') / nullIf(CAST(ratings_before, 'Nullable(Float64)'), 0), 'Nullable(Float64)') / nullIf(CAST(ratings_before * (ratings_before - 1), 'Nullable(Float64)'), 0)) + (CAST(CAST((ratings_now * squares_now) - (sum_now * sum_now), 'Nullable(Float64)') / nullIf(CAST(ratings_now, 'Nullable(Float64)'), 0), 'Nullable(Float64)') / nullIf(CAST(ratings_now * (ratings_now - 1), 'Nullable(Float64)'), 0))) AS reach
        FROM sums
        WHERE (ratings_before >= 10) AND (ratings_now >= 10)
    ),
    final AS
    (
        SELECT
            CAST(changes.product_id, 'String') AS product_id,
            CAST(products.title, 'Nullable(String)') AS title,
            CAST(products.brand_name, 'Nullable(String)') AS brand_name,
            CAST(changes.report_day, 'Date32') AS report_day,
            CAST(changes.ratings_before, 'Int64') AS ratings_before,
            CAST(changes.ratings_now, 'Int64') AS ratings_now,
            CAST(changes.rating_mean_before, 'Nullable(Float64)') AS rating_mean_before,
            CAST(changes.rating_mean_now, 'Nullable(Float64)') AS rating_mean_now,
            CAST(changes.mean_change, 'Nullable(Float64)') AS mean_change,
            CAST(changes.mean_change - changes.reach, 'Nullable(Float64)') AS change_low,
            CAST(changes.mean_change + changes.reach, 'Nullable(Float64)') AS change_high,
            CAST((changes.mean_change + changes.reach) < 0, 'Bool') AS is_beyond_chance
        FROM changes
        INNER JOIN duckhouse_marts.dim_products AS products ON changes.product_id = products.product_id
        WHERE changes.mean_change < 0
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
