CREATE VIEW duckhouse_reporting.rpt_reviews_categories
(
    `category_id` String COMMENT 'Key of the category in dim_categories.',
    `category_name` String COMMENT 'Name of the category.',
    `reviews` Int64 COMMENT 'Reviews, those without a rating included.',
    `ratings` Int64 COMMENT 'Reviews with a rating from 1 to 5.',
    `rating_sum` Int64 COMMENT 'Stars of all ratings added up.',
    `share_of_ratings` Nullable(Float64) COMMENT 'Part of all ratings.',
    `rating_mean` Nullable(Float64) COMMENT 'Mean of the ratings, in stars; NULL where there is none.',
    `rating_mean_shrunken` Nullable(Float64) COMMENT 'The mean to rank by: as if var rating_prior_weight ratings of the mean of all stood beside its own. So few ratings stay near the middle.\n',
    `rating_mean_shrunken_low` Nullable(Float64) COMMENT 'Lower end of what so many ratings, with those beside them, leave open (var confidence_z, 95 percent), by the deviation of all ratings.\n',
    `rating_mean_shrunken_high` Nullable(Float64) COMMENT 'Upper end of that interval.',
    `ratings_1` Int64 COMMENT 'Ratings of one star.',
    `ratings_2` Int64 COMMENT 'Ratings of two stars.',
    `ratings_3` Int64 COMMENT 'Ratings of three stars.',
    `ratings_4` Int64 COMMENT 'Ratings of four stars.',
    `ratings_5` Int64 COMMENT 'Ratings of five stars.',
    `share_of_low_ratings` Nullable(Float64) COMMENT 'Part of the ratings with one or two stars; NULL without ratings.',
    `is_small_sample` Bool COMMENT 'Whether there are fewer ratings than var least_sampled.'
)
COMMENT 'One row per main category: how do its stars spread over all months? Asked by customer insight.\nEach product counts for one category, the first of its first path; products without any are the category unknown.\n'
AS WITH
    rated AS
    (
        WITH
            sums AS
            (
                SELECT
                    months.category_id AS category_id,
                    months.category_name AS category_name,
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
                GROUP BY
                    months.category_id,
                    months.category_name
            ),
            everything AS
            (
                SELECT
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
            ),
            means AS
            (
                SELECT
                    sums.*,
                    sums.ratings + 10 AS ratings_with_prior,
                    CAST(sums.rating_sum, 'Nullable(Float64)') / nullIf(CAST(sums.ratings, 'Nullable(Float64)'), 0) AS rating_mean,
                    CAST((sums.rating_sum + ((10 * CAST(everything.rating_sum, 'Nullable(Float64)')) / nullIf(CAST(everything.ratings, 'Nullable(Float64)'), 0))), 'Nullable(Float64)') / nullIf(CAST(sums.ratings + 10, 'Nullable(Float64)'), 0) AS rating_mean_shrunken,
                    sqrt(CAST(CAST((CAST(everything.ratings, 'Nullable(Float64)') * CAST(everything.rating_squares, 'Nullable(Float64)')) - (CAST(everything.rating_sum, 'Nullable(Float64)') * CAST(everything.rating_sum, 'Nullable(Float64)')), 'Nullable(Float64)') / nullIf(CAST(everything.ratings, 'Nullable(Float64)'), 0), 'Nullable(Float64)') / nullIf(CAST(everything.ratings - 1, 'Nullable(Float64)'), 0)) AS usual_deviation,
                    CAST(sums.ratings, 'Nullable(Float64)') / nullIf(CAST(everything.ratings, 'Nullable(Float64)'), 0) AS share_of_ratings,
                    CAST(sums.ratings_1 + sums.ratings_2, 'Nullable(Float64)') / nullIf(CAST(sums.ratings, 'Nullable(Float64)'), 0) AS share_of_low_ratings,
                    sums.ratings < 30 AS is_small_sample
                FROM sums
                CROSS JOIN everything
            )
        SELECT
            means.*,
            multiIf((means.rating_mean_shrunken - ((CAST('1.959963984540054', 'Nullable(Float64)') * means.usual_deviation) / sqrt(CAST(means.ratings_with_prior, 'Nullable(Float64)')))) <= CAST(1, 'Nullable(Float64)'), CAST(1, 'Nullable(Float64)'), means.rating_mean_shrunken - ((CAST('1.959963984540054', 'Nullable(Float64)') * means.usual_deviation) / sqrt(CAST(means.ratings_with_prior, 'Nullable(Float64)')))) AS rating_mean_shrunken_low,
            multiIf((means.rating_mean_shrunken + ((CAST('1.959963984540054', 'Nullable(Float64)') * means.usual_deviation) / sqrt(CAST(means.ratings_with_prior, 'Nullable(Float64)')))) >= CAST(5, 'Nullable(Float64)'), CAST(5, 'Nullable(Float64)'), means.rating_mean_shrunken + ((CAST('1.959963984540054', 'Nullable(Float64)') * means.usual_deviation) / sqrt(CAST(means.ratings_with_prior, 'Nullable(Float64)')))) AS rating_mean_shrunken_high
        FROM means
    ),
    final AS
    (
        SELECT
            CAST(rated.category_id, 'String') AS category_id,
            CAST(rated.category_name, 'String') AS category_name,
            CAST(rated.reviews, 'Int64') AS reviews,
            CAST(rated.ratings, 'Int64') AS ratings,
            CAST(rated.rating_sum, 'Int64') AS rating_sum,
            CAST(rated.share_of_ratings, 'Nullable(Float64)') AS share_of_ratings,
            CAST(rated.rating_mean, 'Nullable(Float64)') AS rating_mean,
            CAST(rated.rating_mean_shrunken, 'Nullable(Float64)') AS rating_mean_shrunken,
            CAST(rated.rating_mean_shrunken_low, 'Nullable(Float64)') AS rating_mean_shrunken_low,
            CAST(rated.rating_mean_shrunken_high, 'Nullable(Float64)') AS rating_mean_shrunken_high,
            CAST(rated.ratings_1, 'Int64') AS ratings_1,
            CAST(rated.ratings_2, 'Int64') AS ratings_2,
            CAST(rated.ratings_3, 'Int64') AS ratings_3,
            CAST(rated.ratings_4, 'Int64') AS ratings_4,
            CAST(rated.ratings_5, 'Int64') AS ratings_5,
            CAST(rated.share_of_low_ratings, 'Nullable(Float64)') AS share_of_low_ratings,
            CAST(rated.is_small_sample, 'Bool') AS is_small_sample
        FROM rated
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
