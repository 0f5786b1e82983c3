CREATE VIEW duckhouse_reporting.rpt_reviews_most_helpful
(
    `place` Int64 COMMENT 'Place, from 1.',
    `review_id` String COMMENT 'Key of the review: MD5 of reviewer_key, product and the microseconds since 1970 of its time.',
    `product_id` String COMMENT 'The shop\'s id of the product, in upper case; unknown for reviews that name none.',
    `title` Nullable(String) COMMENT 'Name of the product.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `rating` Nullable(Int64) COMMENT 'Stars, 1 to 5; NULL where the record says anything else.',
    `helpful_votes` Nullable(Int64) COMMENT 'Votes that the review is helpful; NULL where they cannot be read.',
    `total_votes` Nullable(Int64) COMMENT 'All votes on the review; NULL where they cannot be read.',
    `helpful_share` Nullable(Float64) COMMENT 'helpful_votes of total_votes.',
    `helpful_share_low` Nullable(Float64) COMMENT 'Lower end of the Wilson interval of helpful_share (var confidence_z, 95 percent).',
    `text_length` Int64 COMMENT 'Characters of the text, also where it was erased.'
)
COMMENT 'One row per review that leads by the votes of readers, as many as var most_helpful: which reviews help most? Asked by customer insight.\nRanked by helpful_share_low, so 98 of 100 votes come before 1 of 1. Reviews without votes, and those with more helpful votes than votes, are left out. What was written is in fct_product_review_texts, which is personal.\n'
AS WITH
    ranked AS
    (
        SELECT *
        FROM duckhouse_marts.fct_product_reviews
        WHERE helpful_share IS NOT NULL
        ORDER BY
            helpful_share_low DESC,
            total_votes DESC,
            review_id ASC
        LIMIT 20
    ),
    placed AS
    (
        SELECT
            *,
            row_number() OVER (ORDER BY helpful_share_low DESC, total_votes DESC, review_id ASC) AS place
        FROM ranked
    ),
    final AS
    (
        SELECT
            CAST(placed.place, 'Int64') AS place,
            CAST(placed.review_id, 'String') AS review_id,
            CAST(placed.product_id, 'String') AS product_id,
            CAST(products.title, 'Nullable(String)') AS title,
            CAST(placed.event_date, 'Date32') AS event_date,
            CAST(placed.rating, 'Nullable(Int64)') AS rating,
            CAST(placed.helpful_votes, 'Nullable(Int64)') AS helpful_votes,
            CAST(placed.total_votes, 'Nullable(Int64)') AS total_votes,
            CAST(placed.helpful_share, 'Nullable(Float64)') AS helpful_share,
            CAST(placed.helpful_share_low, 'Nullable(Float64)') AS helpful_share_low,
            CAST(placed.text_length, 'Int64') AS text_length
        FROM placed
        INNER JOIN duckhouse_marts.dim_products AS products ON placed.product_id = products.product_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
