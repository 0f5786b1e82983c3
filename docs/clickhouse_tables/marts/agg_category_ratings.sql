CREATE TABLE duckhouse_marts.agg_category_ratings
(
    `category_id` String COMMENT 'Key of the category in dim_categories.',
    `category_name` String COMMENT 'Name of the category.',
    `month` Date32 COMMENT 'First day of the month of the reviews.',
    `reviews` Int64 COMMENT 'Reviews, those without a rating included.',
    `ratings` Int64 COMMENT 'Reviews with a rating from 1 to 5.',
    `rating_mean` Nullable(Float64) COMMENT 'Mean of the ratings; NULL where there is none.',
    `rating_mean_shrunken` Nullable(Float64) COMMENT 'The mean drawn towards that of all ratings of the month: (sum + weight x mean of the month) / (ratings + weight), with var rating_prior_weight. Rank by it: a brand of two reviews stays near the middle (docs/reviews.md).\n',
    `ratings_1` Int64 COMMENT 'Ratings of one star.',
    `ratings_2` Int64 COMMENT 'Ratings of two stars.',
    `ratings_3` Int64 COMMENT 'Ratings of three stars.',
    `ratings_4` Int64 COMMENT 'Ratings of four stars.',
    `ratings_5` Int64 COMMENT 'Ratings of five stars.',
    `helpful_votes` Int64 COMMENT 'Votes that the reviews are helpful.',
    `total_votes` Int64 COMMENT 'All votes on the reviews.',
    `is_small_sample` Bool COMMENT 'Whether there are fewer ratings than var least_sampled.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per main category and month: reviews, mean rating, a mean to rank by, distribution, votes. Each product counts for one category, the first of its first path.\n'
