CREATE TABLE duckhouse_marts.fct_product_reviews_set_aside
(
    `set_aside_reason` String COMMENT 'missing_reviewer or unparsable_timestamp.',
    `reviewer_key` Nullable(String) COMMENT 'SHA-256 of the shop\'s id of the reviewer, in hexadecimal digits.',
    `product_id` Nullable(String) COMMENT 'The shop\'s id of the product, in upper case.',
    `rating_as_delivered` Nullable(String) COMMENT 'overall as the file spells it.',
    `total_votes` Nullable(Int64) COMMENT 'All votes on the review; NULL where they cannot be read.',
    `timestamp_as_delivered` Nullable(String) COMMENT 'unix_review_time as the file spells it.',
    `review_day_as_delivered` Nullable(String) COMMENT 'review_time as the file spells it.',
    `_delivery_id` LowCardinality(String) COMMENT 'Delivery of the record that is shown.',
    `_source_file` LowCardinality(String) COMMENT 'File of the record, relative to its drop.',
    `_source_row` Int64 COMMENT 'Line (text files) or row (Parquet) of the record in its file, from 1.'
)
ENGINE = MergeTree
PARTITION BY (_delivery_id)
ORDER BY (_source_file)
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per landed review record without a reviewer or a readable time, with the reason.\nThey count in no other mart and replace no other record; a later delivery that carries the review in full brings it in.\n'
