CREATE VIEW duckhouse_reporting.rpt_reviews_products_waiting
(
    `product_id` String COMMENT 'The shop\'s id of the product, in upper case; unknown for reviews that name none.',
    `reviews` Int64 COMMENT 'Reviews, those without a rating included.',
    `ratings` Int64 COMMENT 'Reviews with a rating from 1 to 5.',
    `rating_mean` Nullable(Float64) COMMENT 'Mean of the ratings, in stars; NULL where there is none.',
    `first_review_day` Date32 COMMENT 'UTC day of its first review.',
    `last_review_day` Date32 COMMENT 'UTC day of its last review.',
    `waits_since` Date32 COMMENT 'UTC day of the delivery that brought the first of its reviews.',
    `days_waiting` Int64 COMMENT 'Days from waits_since to the last delivery, 0 where they are the same.'
)
COMMENT 'One row per product that is reviewed and that no delivery describes: for which products should the shop be asked, and since when do they wait? Asked by customer insight.\nTheir reviews count, for no brand and no category. Reviews that name no product are those of unknown, which no delivery will describe.\n'
AS WITH
    deliveries AS
    (
        SELECT
            _delivery_id,
            CAST(min(_delivered_at), 'Date32') AS delivery_day
        FROM duckhouse_quality.fct_product_review_records
        GROUP BY _delivery_id
    ),
    last_delivery AS
    (
        SELECT max(delivery_day) AS last_day
        FROM deliveries
    ),
    waiting AS
    (
        SELECT
            reviews.product_id AS product_id,
            reviews.rating AS rating,
            reviews.event_date AS event_date,
            deliveries.delivery_day AS delivery_day,
            last_delivery.last_day AS last_day
        FROM duckhouse_marts.fct_product_reviews AS reviews
        INNER JOIN duckhouse_marts.dim_products AS products ON reviews.product_id = products.product_id
        INNER JOIN deliveries ON reviews.first_delivery_id = deliveries._delivery_id
        CROSS JOIN last_delivery
        WHERE NOT products.is_described
    ),
    counted AS
    (
        SELECT
            waiting.product_id AS product_id,
            count(*) AS reviews,
            count(waiting.rating) AS ratings,
            CAST(sum(coalesce(waiting.rating, 0)), 'Nullable(Float64)') / nullIf(CAST(count(waiting.rating), 'Nullable(Float64)'), 0) AS rating_mean,
            min(waiting.event_date) AS first_review_day,
            max(waiting.event_date) AS last_review_day,
            min(waiting.delivery_day) AS waits_since,
            dateDiff('day', min(waiting.delivery_day), max(waiting.last_day)) AS days_waiting
        FROM waiting
        GROUP BY waiting.product_id
    ),
    final AS
    (
        SELECT
            CAST(counted.product_id, 'String') AS product_id,
            CAST(counted.reviews, 'Int64') AS reviews,
            CAST(counted.ratings, 'Int64') AS ratings,
            CAST(counted.rating_mean, 'Nullable(Float64)') AS rating_mean,
            CAST(counted.first_review_day, 'Date32') AS first_review_day,
            CAST(counted.last_review_day, 'Date32') AS last_review_day,
            CAST(counted.waits_since, 'Date32') AS waits_since,
            CAST(counted.days_waiting, 'Int64') AS days_waiting
        FROM counted
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
