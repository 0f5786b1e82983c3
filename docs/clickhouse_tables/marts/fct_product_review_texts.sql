CREATE TABLE duckhouse_marts.fct_product_review_texts
(
    `review_id` String COMMENT 'Key of the review: MD5 of reviewer_key, product and the microseconds since 1970 of its time.',
    `reviewer_key` String COMMENT 'SHA-256 of the shop\'s id of the reviewer, in hexadecimal digits.',
    `summary` Nullable(String) COMMENT 'The headline of the review.',
    `review_text` Nullable(String) COMMENT 'The text of the review.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `first_delivery_id` LowCardinality(String) COMMENT 'Delivery that brought the event first.',
    `_delivery_id` LowCardinality(String) COMMENT 'Delivery of the record that is shown.',
    `_day_version` LowCardinality(String) COMMENT 'State of the deliveries behind the day, and of what joined dimensions say of it; a run rebuilds the days whose version differs\nfrom the parent model.',
    INDEX by_review_id review_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY (toYYYYMM(event_date))
ORDER BY (reviewer_key, review_id)
SETTINGS allow_nullable_key = 1, default_compression_codec = 'ZSTD(1)', index_granularity = 1024, replicated_deduplication_window = '0'
COMMENT 'One row per review_id: what was written. Apart from the fact, because texts are personal, and fifty times its size.\n'
