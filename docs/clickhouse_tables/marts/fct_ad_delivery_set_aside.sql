CREATE TABLE duckhouse_marts.fct_ad_delivery_set_aside
(
    `set_aside_reason` Nullable(String) COMMENT 'unparsable_timestamp.',
    `event_id` String COMMENT 'impression- or click-, and the id of its table.',
    `event_type` LowCardinality(String) COMMENT 'impression or click.',
    `campaign_id` Nullable(Int64) COMMENT 'Key of the campaign; NULL where the row of the database has none.',
    `_delivery_id` LowCardinality(String) COMMENT 'Delivery of the newest record.',
    `_source_file` LowCardinality(String) COMMENT 'Table of the record.',
    `_source_row` Int64 COMMENT 'Place of the record in the order of changes of its table and delivery, from 1.',
    `_unmapped` Nullable(String) COMMENT 'JSON of what the contract has no column for, such as timestamps outside of 1900 to 2299; NULL where there is nothing.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per impression or click that exists now and that no day can hold, because it has no time.\ncreated_at is NULL in the database, or outside of 1900 to 2299 (then _unmapped has it). These events count in no other mart: what PostgreSQL counts is the sum of fct_ad_delivery_hourly and this table.\n'
