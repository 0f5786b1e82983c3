CREATE VIEW duckhouse_reporting.rpt_reviews_category_months
(
    `month` Date32 COMMENT 'First day of the month of the reviews.',
    `category_id` String COMMENT 'Key of the category in dim_categories.',
    `category_name` String COMMENT 'Name of the category.',
    `reviews` Int64 COMMENT 'Reviews, those without a rating included.',
    `ratings` Int64 COMMENT 'Reviews with a rating from 1 to 5.',
    `ratings_before` Nullable(Int64) COMMENT 'Ratings of the month before; NULL where it has none.',
    `share_of_ratings` Nullable(Float64) COMMENT 'Part of all ratings of the month.',
    `rating_mean` Nullable(Float64) COMMENT 'Mean of the ratings, in stars; NULL where there is none.',
    `rating_mean_shrunken` Nullable(Float64) COMMENT 'The mean to rank by: as if var rating_prior_weight ratings of the mean of the month stood beside its own.\n',
    `share_of_low_ratings` Nullable(Float64) COMMENT 'Part of the ratings with one or two stars; NULL without ratings.',
    `mean_change` Nullable(Float64) COMMENT 'rating_mean less that of the month before; NULL where one of the two has no rating.',
    `share_1` Nullable(Float64) COMMENT 'Part of the ratings with one star; NULL without ratings.',
    `share_2` Nullable(Float64) COMMENT 'Part of the ratings with two stars.',
    `share_3` Nullable(Float64) COMMENT 'Part of the ratings with three stars.',
    `share_4` Nullable(Float64) COMMENT 'Part of the ratings with four stars.',
    `share_5` Nullable(Float64) COMMENT 'Part of the ratings with five stars.',
    `shift` Nullable(Float64) COMMENT 'The part of the ratings that has other stars than in the month before: half the sum of the absolute differences of the five shares. 0 is the same spread, 1 none in common; NULL where one of the two months has no rating.\n',
    `chi_squared` Nullable(Float64) COMMENT 'Pearson\'s statistic of whether both months have one spread; NULL where one of them has no rating.',
    `is_beyond_chance` Bool COMMENT 'Whether chi_squared is above var chi_squared_of_stars (95 percent), and both months have as many ratings as var least_sampled.\n',
    `is_small_sample` Bool COMMENT 'Whether there are fewer ratings than var least_sampled.'
)
COMMENT 'One row per main category and month with a review: how is it rated from month to month, and do its stars spread otherwise than in the month before? Asked by customer insight: the same mean may hide that threes became ones and fives.\n'
AS WITH
    months AS
    (
        SELECT
            *,
            sum(ratings) OVER (PARTITION BY month) AS ratings_of_month
        FROM duckhouse_marts.agg_category_ratings
    ),
    pairs AS
    (
        SELECT
            months.*,
            months.rating_mean - previous.rating_mean AS mean_change,
            previous.ratings_1 AS before_1,
            previous.ratings_2 AS before_2,
            previous.ratings_3 AS before_3,
            previous.ratings_4 AS before_4,
            previous.ratings_5 AS before_5,
            nullIf(previous.ratings, 0) AS ratings_before
        FROM months
        LEFT JOIN duckhouse_marts.agg_category_ratings AS previous ON (months.category_id = previous.category_id) AND (CAST(concat(substring(CAST(months.month - 1, 'String'), 1, 7), '-01'), 'Date32') = previous.month)
    ),
    compared AS
    (
        SELECT
            *,
            CAST(ratings_1, 'Nullable(Float64)') / nullIf(CAST(ratings, 'Nullable(Float64)'), 0) AS share_1,
            (CAST(ratings_1, 'Nullable(Float64)') / nullIf(CAST(ratings, 'Nullable(Float64)'), 0)) - (CAST(before_1, 'Nullable(Float64)') / nullIf(CAST(ratings_before, 'Nullable(Float64)'), 0)) AS difference_1,
            CAST(ratings_2, 'Nullable(Float64)') / nullIf(CAST(ratings, 'Nullable(Float64)'), 0) AS share_2,
            (CAST(ratings_2, 'Nullable(Float64)') / nullIf(CAST(ratings, 'Nullable(Float64)'), 0)) - (CAST(before_2, 'Nullable(Float64)') / nullIf(CAST(ratings_before, 'Nullable(Float64)'), 0)) AS difference_2,
            CAST(ratings_3, 'Nullable(Float64)') / nullIf(CAST(ratings, 'Nullable(Float64)'), 0) AS share_3,
            (CAST(ratings_3, 'Nullable(Float64)') / nullIf(CAST(ratings, 'Nullable(Float64)'), 0)) - (CAST(before_3, 'Nullable(Float64)') / nullIf(CAST(ratings_before, 'Nullable(Float64)'), 0)) AS difference_3,
            CAST(ratings_4, 'Nullable(Float64)') / nullIf(CAST(ratings, 'Nullable(Float64)'), 0) AS share_4,
            (CAST(ratings_4, 'Nullable(Float64)') / nullIf(CAST(ratings, 'Nullable(Float64)'), 0)) - (CAST(before_4, 'Nullable(Float64)') / nullIf(CAST(ratings_before, 'Nullable(Float64)'), 0)) AS difference_4,
            CAST(ratings_5, 'Nullable(Float64)') / nullIf(CAST(ratings, 'Nullable(Float64)'), 0) AS share_5,
            (CAST(ratings_5, 'Nullable(Float64)') / nullIf(CAST(ratings, 'Nullable(Float64)'), 0)) - (CAST(before_5, 'Nullable(Float64)') / nullIf(CAST(ratings_before, 'Nullable(Float64)'), 0)) AS difference_5,
            CAST(ratings, 'Nullable(Float64)') * CAST(ratings_before, 'Nullable(Float64)') AS weight_of_both
        FROM pairs
    ),
    shifts AS
    (
        SELECT
            *,
            ((((abs(difference_1) + abs(difference_2)) + abs(difference_3)) + abs(difference_4)) + abs(difference_5)) / 2 AS shift,
            (((coalesce(CAST((difference_1 * difference_1) * weight_of_both, 'Nullable(Float64)') / nullIf(CAST(ratings_1 + before_1, 'Nullable(Float64)'), 0), 0) + coalesce(CAST((difference_2 * difference_2) * weight_of_both, 'Nullable(Float64)') / nullIf(CAST(ratings_2 + before_2, 'Nullable(Float64)'), 0), 0)) + coalesce(CAST((difference_3 * difference_3) * weight_of_both, 'Nullable(Float64)') / nullIf(CAST(ratings_3 + before_3, 'Nullable(Float64)'), 0), 0)) + coalesce(CAST((difference_4 * difference_4) * weight_of_both, 'Nullable(Float64)') / nullIf(CAST(ratings_4 + before_4, 'Nullable(Float64)'), 0), 0)) + coalesce(CAST((difference_5 * difference_5) * weight_of_both, 'Nullable(Float64)') / nullIf(CAST(ratings_5 + before_5, 'Nullable(Float64)'), 0), 0) AS statistic
        FROM compared
    ),
    final AS
    (
        SELECT
            CAST(shifts.month, 'Date32') AS month,
            CAST(shifts.category_id, 'String') AS category_id,
            CAST(shifts.category_name, 'String') AS category_name,
            CAST(shifts.reviews, 'Int64') AS reviews,
            CAST(shifts.ratings, 'Int64') AS ratings,
            CAST(shifts.ratings_before, 'Nullable(Int64)') AS ratings_before,
            CAST(CAST(shifts.ratings, 'Nullable(Float64)') / nullIf(CAST(shifts.ratings_of_month, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS share_of_ratings,
            CAST(shifts.rating_mean, 'Nullable(Float64)') AS rating_mean,
            CAST(shifts.rating_mean_shrunken, 'Nullable(Float64)') AS rating_mean_shrunken,
            CAST(CAST(shifts.ratings_1 + shifts.ratings_2, 'Nullable(Float64)') / nullIf(CAST(shifts.ratings, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS share_of_low_ratings,
            CAST(shifts.mean_change, 'Nullable(Float64)') AS mean_change,
            CAST(shifts.share_1, 'Nullable(Float64)') AS share_1,
            CAST(shifts.share_2, 'Nullable(Float64)') AS share_2,
            CAST(shifts.share_3, 'Nullable(Float64)') AS share_3,
            CAST(shifts.share_4, 'Nullable(Float64)') AS share_4,
            CAST(shifts.share_5, 'Nullable(Float64)') AS share_5,
            CAST(shifts.shift, 'Nullable(Float64)') AS shift,
            CAST(multiIf((shifts.ratings > 0) AND (shifts.ratings_before > 0), shifts.statistic, NULL), 'Nullable(Float64)') AS chi_squared,
            CAST(coalesce((shifts.statistic > CAST('9.487729036781154', 'Nullable(Float64)')) AND (least(shifts.ratings, shifts.ratings_before) >= 30), false), 'Bool') AS is_beyond_chance,
            CAST(shifts.is_small_sample, 'Bool') AS is_small_sample
        FROM shifts
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
