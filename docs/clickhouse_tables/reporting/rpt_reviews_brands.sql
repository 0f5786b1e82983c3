CREATE VIEW duckhouse_reporting.rpt_reviews_brands
(
    `place` Nullable(Int64) COMMENT 'Place among the brands, from 1; NULL without ratings, and of the brand unknown.',
    `brand_id` String COMMENT 'The brand without case, spaces and punctuation, so that its spellings are one brand.',
    `brand_name` String COMMENT 'Its most frequent spelling.',
    `is_unknown` Bool COMMENT 'Whether it stands for all products without a brand.',
    `products` Int64 COMMENT 'Products of the brand, also without a review.',
    `reviews` Int64 COMMENT 'Reviews, those without a rating included.',
    `ratings` Int64 COMMENT 'Reviews with a rating from 1 to 5.',
    `rating_sum` Int64 COMMENT 'Stars of all ratings added up.',
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
COMMENT 'One row per brand, also without a review: how do customers rate it over all months, and which brands lead? Asked by customer insight.\nplace ranks by rating_mean_shrunken, so two reviews of five stars lead no ranking. Products count for the brand that they have now; those without one are the brand unknown, which has no place.\n'
AS WITH
    rated AS
    (
        WITH
            sums AS
            (
                SELECT
                    months.brand_id AS brand_id,
                    sum(months.reviews) AS reviews,
                    sum(months.ratings) AS ratings,
                    sum(months.ratings_1) AS ratings_1,
                    sum(months.ratings_2) AS ratings_2,
                    sum(months.ratings_3) AS ratings_3,
                    sum(months.ratings_4) AS ratings_4,
                    sum(months.ratings_5) AS ratings_5,
                    sum(((((1 * months.ratings_1) + (2 * months.ratings_2)) + (3 * months.ratings_3)) + (4 * months.ratings_4)) + (5 * months.ratings_5)) AS rating_sum,
                    sum(((((1 * months.ratings_1) + (4 * months.ratings_2)) + (9 * months.ratings_3)) + (16 * months.ratings_4)) + (25 * months.ratings_5)) AS rating_squares
                FROM duckhouse_marts.agg_brand_ratings AS months
                GROUP BY months.brand_id
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
                FROM duckhouse_marts.agg_brand_ratings AS months
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
    brands AS
    (
        SELECT
            known.brand_id AS brand_id,
            known.brand_name AS brand_name,
            known.is_unknown AS is_unknown,
            known.products - multiIf(known.is_unknown, 1, 0) AS products,
            coalesce(rated.reviews, 0) AS reviews,
            coalesce(rated.ratings, 0) AS ratings,
            coalesce(rated.rating_sum, 0) AS rating_sum,
            coalesce(rated.ratings_1, 0) AS ratings_1,
            coalesce(rated.ratings_2, 0) AS ratings_2,
            coalesce(rated.ratings_3, 0) AS ratings_3,
            coalesce(rated.ratings_4, 0) AS ratings_4,
            coalesce(rated.ratings_5, 0) AS ratings_5,
            rated.rating_mean AS rating_mean,
            rated.rating_mean_shrunken AS rating_mean_shrunken,
            rated.rating_mean_shrunken_low AS rating_mean_shrunken_low,
            rated.rating_mean_shrunken_high AS rating_mean_shrunken_high,
            rated.share_of_low_ratings AS share_of_low_ratings,
            coalesce(rated.is_small_sample, true) AS is_small_sample,
            multiIf((rated.ratings > 0) AND (NOT known.is_unknown), 1, 0) AS has_place
        FROM duckhouse_marts.dim_brands AS known
        LEFT JOIN rated ON known.brand_id = rated.brand_id
    ),
    placed AS
    (
        SELECT
            *,
            row_number() OVER (PARTITION BY has_place ORDER BY rating_mean_shrunken DESC, brand_id ASC) AS place_among_all
        FROM brands
    ),
    final AS
    (
        SELECT
            CAST(multiIf(placed.has_place = 1, placed.place_among_all, NULL), 'Nullable(Int64)') AS place,
            CAST(placed.brand_id, 'String') AS brand_id,
            CAST(placed.brand_name, 'String') AS brand_name,
            CAST(placed.is_unknown, 'Bool') AS is_unknown,
            CAST(placed.products, 'Int64') AS products,
            CAST(placed.reviews, 'Int64') AS reviews,
            CAST(placed.ratings, 'Int64') AS ratings,
            CAST(placed.rating_sum, 'Int64') AS rating_sum,
            CAST(placed.rating_mean, 'Nullable(Float64)') AS rating_mean,
            CAST(placed.rating_mean_shrunken, 'Nullable(Float64)') AS rating_mean_shrunken,
            CAST(placed.rating_mean_shrunken_low, 'Nullable(Float64)') AS rating_mean_shrunken_low,
            CAST(placed.rating_mean_shrunken_high, 'Nullable(Float64)') AS rating_mean_shrunken_high,
            CAST(placed.ratings_1, 'Int64') AS ratings_1,
            CAST(placed.ratings_2, 'Int64') AS ratings_2,
            CAST(placed.ratings_3, 'Int64') AS ratings_3,
            CAST(placed.ratings_4, 'Int64') AS ratings_4,
            CAST(placed.ratings_5, 'Int64') AS ratings_5,
            CAST(placed.share_of_low_ratings, 'Nullable(Float64)') AS share_of_low_ratings,
            CAST(placed.is_small_sample, 'Bool') AS is_small_sample
        FROM placed
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
