CREATE VIEW duckhouse_reporting.rpt_reviews_open_errors
(
    `month` Date32 COMMENT 'First day of the month of the reviews.',
    `reviews` Int64 COMMENT 'Reviews, those without a rating included.',
    `reviews_in_open_errors` Int64 COMMENT 'Reviews with an open error of their own, each once.',
    `share_in_open_errors` Nullable(Float64) COMMENT 'reviews_in_open_errors of reviews.'
)
COMMENT 'One row per UTC month with a review: how many of its reviews is an open error about, such as a product that nobody describes? Asked by customer insight. They are part of the figures of the other views.\n'
AS WITH
    errors AS
    (
        SELECT
            CAST(concat(substring(CAST(event_date, 'String'), 1, 7), '-01'), 'Date32') AS month,
            countDistinct(finding_key) AS reviews_in_open_errors
        FROM duckhouse_quality.fct_dq_findings
        WHERE (source = 'reviews') AND (severity = 'error') AND is_open AND is_about_event AND (event_date IS NOT NULL)
        GROUP BY CAST(concat(substring(CAST(event_date, 'String'), 1, 7), '-01'), 'Date32')
    ),
    months AS
    (
        SELECT
            ratings.month AS month,
            sum(ratings.reviews) AS reviews
        FROM duckhouse_marts.agg_category_ratings AS ratings
        GROUP BY ratings.month
    ),
    final AS
    (
        SELECT
            CAST(months.month, 'Date32') AS month,
            CAST(months.reviews, 'Int64') AS reviews,
            CAST(coalesce(errors.reviews_in_open_errors, 0), 'Int64') AS reviews_in_open_errors,
            CAST(CAST(coalesce(errors.reviews_in_open_errors, 0), 'Nullable(Float64)') / nullIf(CAST(months.reviews, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS share_in_open_errors
        FROM months
        LEFT JOIN errors ON months.month = errors.month
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
