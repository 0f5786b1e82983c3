CREATE VIEW duckhouse_reporting.rpt_reviews_months
(
    `month` Date32 COMMENT 'First day of the month of the reviews.',
    `is_after_last_delivery` Bool COMMENT 'Whether the month begins after the day of the last delivery.',
    `reviews` Int64 COMMENT 'Reviews, those without a rating included.',
    `ratings` Int64 COMMENT 'Reviews with a rating from 1 to 5.',
    `rating_sum` Int64 COMMENT 'Stars of all ratings added up.',
    `rating_mean` Nullable(Float64) COMMENT 'Mean of the ratings, in stars; NULL where there is none.',
    `rating_mean_low` Nullable(Float64) COMMENT 'Lower end of the interval of rating_mean (var confidence_z, 95 percent), by the deviation of the ratings of the month. NULL of fewer than two ratings, which say nothing of it.\n',
    `rating_mean_high` Nullable(Float64) COMMENT 'Upper end of that interval.',
    `ratings_1` Int64 COMMENT 'Ratings of one star.',
    `ratings_2` Int64 COMMENT 'Ratings of two stars.',
    `ratings_3` Int64 COMMENT 'Ratings of three stars.',
    `ratings_4` Int64 COMMENT 'Ratings of four stars.',
    `ratings_5` Int64 COMMENT 'Ratings of five stars.',
    `share_of_low_ratings` Nullable(Float64) COMMENT 'Part of the ratings with one or two stars; NULL without ratings.',
    `is_small_sample` Bool COMMENT 'Whether there are fewer ratings than var least_sampled.'
)
COMMENT 'One row per UTC month with a review: how do customers rate what they buy, and how many are disappointed? Asked by customer insight.\nA month after the last delivery is the work of a clock that is ahead: it is flagged, and is never the latest month.\n'
AS WITH
    last_delivery AS
    (
        SELECT CAST(max(_delivered_at), 'Date32') AS delivery_day
        FROM duckhouse_quality.fct_product_review_records
    ),
    sums AS
    (
        SELECT
            months.month AS month,
            sum(months.reviews) AS reviews,
            sum(months.ratings) AS ratings,
            sum(months.ratings_1) AS ratings_1,
            sum(months.ratings_2) AS ratings_2,
            sum(months.ratings_3) AS ratings_3,
            sum(months.ratings_4) AS ratings_4,
            sum(months.ratings_5) AS ratings_5,
            sum(((((1 * months.ratings_1) + (2 * months.ratings_2)) + (3 * months.ratings_3)) + (4 * months.ratings_4)) + (5 * months.ratings_5)) AS rating_sum,
            sum(((((1 * months.ratings_1) + (4 * months.ratings_2)) + (9 * months.ratings_3)) + (16 * months.ratings_4)) + (25 * months.ratings_5)) AS rating_squares
        FROM duckhouse_marts.agg_category_ratings AS months
        GROUP BY months.month
    ),
    means AS
    (
        SELECT
            sums.*,
            last_delivery.delivery_day,
            CAST(sums.rating_sum, 'Nullable(Float64)') / nullIf(CAST(sums.ratings, 'Nullable(Float64)'), 0) AS rating_mean,
            sqrt(CAST(CAST((CAST(sums.ratings, 'Nullable(Float64)') * CAST(sums.rating_squares, 'Nullable(Float64)')) - (CAST(sums.rating_sum, 'Nullable(Float64)') * CAST(sums.rating_sum, 'Nullable(Float64)')), 'Nullable(Float64)') / nullIf(CAST(sums.ratings, 'Nullable(Float64)'), 0), 'Nullable(Float64)') / nullIf(CAST(sums.ratings - 1, 'Nullable(Float64)'), 0)) AS rating_deviation
        FROM sums
        CROSS JOIN last_delivery
    ),
    rated AS
    (
        SELECT
            means.*,
            multiIf((means.rating_mean - ((CAST('1.959963984540054', 'Nullable(Float64)') * means.rating_deviation) / sqrt(CAST(means.ratings, 'Nullable(Float64)')))) <= CAST(1, 'Nullable(Float64)'), CAST(1, 'Nullable(Float64)'), means.rating_mean - ((CAST('1.959963984540054', 'Nullable(Float64)') * means.rating_deviation) / sqrt(CAST(means.ratings, 'Nullable(Float64)')))) AS rating_mean_low,
            multiIf((means.rating_mean + ((CAST('1.959963984540054', 'Nullable(Float64)') * means.rating_deviation) / sqrt(CAST(means.ratings, 'Nullable(Float64)')))) >= CAST(5, 'Nullable(Float64)'), CAST(5, 'Nullable(Float64)'), means.rating_mean + ((CAST('1.959963984540054', 'Nullable(Float64)') * means.rating_deviation) / sqrt(CAST(means.ratings, 'Nullable(Float64)')))) AS rating_mean_high
        FROM means
    ),
    final AS
    (
        SELECT
            CAST(rated.month, 'Date32') AS month,
            CAST(rated.month > rated.delivery_day, 'Bool') AS is_after_last_delivery,
            CAST(rated.reviews, 'Int64') AS reviews,
            CAST(rated.ratings, 'Int64') AS ratings,
            CAST(rated.rating_sum, 'Int64') AS rating_sum,
            CAST(rated.rating_mean, 'Nullable(Float64)') AS rating_mean,
            CAST(rated.rating_mean_low, 'Nullable(Float64)') AS rating_mean_low,
            CAST(rated.rating_mean_high, 'Nullable(Float64)') AS rating_mean_high,
            CAST(rated.ratings_1, 'Int64') AS ratings_1,
            CAST(rated.ratings_2, 'Int64') AS ratings_2,
            CAST(rated.ratings_3, 'Int64') AS ratings_3,
            CAST(rated.ratings_4, 'Int64') AS ratings_4,
            CAST(rated.ratings_5, 'Int64') AS ratings_5,
            CAST(CAST(rated.ratings_1 + rated.ratings_2, 'Nullable(Float64)') / nullIf(CAST(rated.ratings, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS share_of_low_ratings,
            CAST(rated.ratings < 30, 'Bool') AS is_small_sample
        FROM rated
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
