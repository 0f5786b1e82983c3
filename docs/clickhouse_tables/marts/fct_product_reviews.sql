CREATE TABLE duckhouse_marts.fct_product_reviews
(
    `review_id` String COMMENT 'Key of the review: MD5 of reviewer_key, product and the microseconds since 1970 of its time.',
    `reviewer_key` String COMMENT 'SHA-256 of the shop\'s id of the reviewer, in hexadecimal digits.',
    `product_id` String COMMENT 'The shop\'s id of the product, in upper case; unknown for reviews that name none.',
    `rating` Nullable(Int64) COMMENT 'Stars, 1 to 5; NULL where the record says anything else.',
    `helpful_votes` Nullable(Int64) COMMENT 'Votes that the review is helpful; NULL where they cannot be read.',
    `total_votes` Nullable(Int64) COMMENT 'All votes on the review; NULL where they cannot be read.',
    `helpful_share` Nullable(Float64) COMMENT 'helpful_votes of total_votes; NULL without votes, and where there are more helpful ones than votes.',
    `helpful_share_low` Nullable(Float64) COMMENT 'Lower end of Wilson\'s interval of helpful_share at 95 %: reviews are ranked by it, so that one vote of one leads no list.',
    `helpful_share_high` Nullable(Float64) COMMENT 'Upper end of that interval.',
    `text_length` Int64 COMMENT 'Characters of the text, also where it was erased.',
    `event_at` DateTime64(6, 'UTC') COMMENT 'The time of the review, UTC.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `review_day` Nullable(Date32) COMMENT 'The day of review_time: a second statement of the day, which may contradict the first.',
    `record_count` Int64 COMMENT 'Records of the review in all deliveries.',
    `is_corrected` Bool COMMENT 'Whether a later delivery brought another record of it.',
    `first_delivery_id` LowCardinality(String) COMMENT 'Delivery that brought the event first.',
    `_delivery_id` LowCardinality(String) COMMENT 'Delivery of the record that is shown.',
    `_source_file` LowCardinality(String) COMMENT 'File of the record, relative to its drop.',
    `_source_row` Int64 COMMENT 'Line (text files) or row (Parquet) of the record in its file, from 1.',
    `_day_version` LowCardinality(String) COMMENT 'State of the deliveries behind the day, and of what joined dimensions say of it; a run rebuilds the days whose version differs\nfrom the parent model.',
    INDEX by_review_id review_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_reviewer_key reviewer_key TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY (toYYYYMM(event_date))
ORDER BY (product_id, event_at)
SETTINGS allow_nullable_key = 1, default_compression_codec = 'ZSTD(1)', index_granularity = 1024, replicated_deduplication_window = '0'
COMMENT 'One row per review_id: the latest record of every review. The record of the latest delivery wins, then the last file, then the last row.\nRecords without a reviewer or a readable time are set aside (fct_product_reviews_set_aside) and replace nothing. Reviews of products that the shop never described stay, as does a review that names no product: it is of the product unknown.\n'
