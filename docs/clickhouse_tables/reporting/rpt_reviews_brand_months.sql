CREATE VIEW duckhouse_reporting.rpt_reviews_brand_months
(
    `month` Date32 COMMENT 'First day of the month of the reviews.',
    `place` Nullable(Int64) COMMENT 'Place among the brands of the month, from 1; NULL without ratings, and of the brand unknown.',
    `brand_id` String COMMENT 'The brand without case, spaces and punctuation, so that its spellings are one brand.',
    `brand_name` String COMMENT 'Its most frequent spelling.',
    `reviews` Int64 COMMENT 'Reviews, those without a rating included.',
    `ratings` Int64 COMMENT 'Reviews with a rating from 1 to 5.',
    `rating_mean` Nullable(Float64) COMMENT 'Mean of the ratings, in stars; NULL where there is none.',
    `rating_mean_shrunken` Nullable(Float64) COMMENT 'The mean to rank by: as if var rating_prior_weight ratings of the mean of the month stood beside its own.\n',
    `mean_change` Nullable(Float64) COMMENT 'rating_mean less that of the month before; NULL where one of the two has no rating.',
    `is_small_sample` Bool COMMENT 'Whether there are fewer ratings than var least_sampled.'
)
COMMENT 'One row per brand and month with a review: how do customers rate each brand from month to month, and which brands lead in a month? Asked by customer insight.\n'
AS WITH
    months AS
    (
        SELECT
            *,
            multiIf((ratings > 0) AND (brand_id != 'unknown'), 1, 0) AS has_place
        FROM duckhouse_marts.agg_brand_ratings
    ),
    placed AS
    (
        SELECT
            *,
            row_number() OVER (PARTITION BY month, has_place ORDER BY rating_mean_shrunken DESC, brand_id ASC) AS place_among_all
        FROM months
    ),
    final AS
    (
        SELECT
            CAST(placed.month, 'Date32') AS month,
            CAST(multiIf(placed.has_place = 1, placed.place_among_all, NULL), 'Nullable(Int64)') AS place,
            CAST(placed.brand_id, 'String') AS brand_id,
            CAST(placed.brand_name, 'String') AS brand_name,
            CAST(placed.reviews, 'Int64') AS reviews,
            CAST(placed.ratings, 'Int64') AS ratings,
            CAST(placed.rating_mean, 'Nullable(Float64)') AS rating_mean,
            CAST(placed.rating_mean_shrunken, 'Nullable(Float64)') AS rating_mean_shrunken,
            CAST(placed.rating_mean - previous.rating_mean, 'Nullable(Float64)') AS mean_change,
            CAST(placed.is_small_sample, 'Bool') AS is_small_sample
        FROM placed
        LEFT JOIN duckhouse_marts.agg_brand_ratings AS previous ON (placed.brand_id = previous.brand_id) AND (CAST(concat(substring(CAST(placed.month - 1, 'String'), 1, 7), '-01'), 'Date32') = previous.month)
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
