CREATE VIEW duckhouse_marts.dim_reviewers
(
    `reviewer_key` String COMMENT 'SHA-256 of the shop\'s id of the reviewer, in hexadecimal digits.',
    `first_review_at` DateTime64(6, 'UTC') COMMENT 'Time of the first review.',
    `last_review_at` DateTime64(6, 'UTC') COMMENT 'Time of the last review.',
    `reviews` Int64 COMMENT 'Reviews.',
    `products` Int64 COMMENT 'Products reviewed.',
    `rating_mean` Nullable(Float64) COMMENT 'Mean of the ratings; NULL where no review has one.',
    `helpful_votes` Int64 COMMENT 'Votes that the review is helpful; NULL where they cannot be read.',
    `total_votes` Int64 COMMENT 'All votes on the review; NULL where they cannot be read.'
)
COMMENT 'One row per reviewer_key: how many reviews, of what, since when. Names are in dim_reviewer_names.\n'
AS SELECT
    CAST(reviewer_key, 'String') AS reviewer_key,
    CAST(min(event_at), 'DateTime64(6, \'UTC\')') AS first_review_at,
    CAST(max(event_at), 'DateTime64(6, \'UTC\')') AS last_review_at,
    CAST(count(*), 'Int64') AS reviews,
    CAST(countDistinct(product_id), 'Int64') AS products,
    CAST(sum(coalesce(rating, 0)), 'Nullable(Float64)') / nullIf(CAST(count(rating), 'Nullable(Float64)'), 0) AS rating_mean,
    CAST(sum(coalesce(helpful_votes, 0)), 'Int64') AS helpful_votes,
    CAST(sum(coalesce(total_votes, 0)), 'Int64') AS total_votes
FROM duckhouse_marts.fct_product_reviews
GROUP BY reviewer_key
