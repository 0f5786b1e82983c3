CREATE TABLE duckhouse_marts.fct_ad_delivery_extractions
(
    `table_name` LowCardinality(String) COMMENT 'advertiser, campaign, impressions or clicks.',
    `mode` LowCardinality(String) COMMENT 'compare (changes found by comparing), full (every row compared) or cdc (changes read from the write-ahead log).',
    `source_rows` Int64 COMMENT 'Rows of the table in the run\'s snapshot, counted by PostgreSQL.',
    `known_rows` Int64 COMMENT 'Rows that the landed deliveries up to this one add up to, as the run counted them.',
    `warehouse_rows` Int64 COMMENT 'Rows that staging adds up to, this delivery and those before it: ids whose newest record is no deletion.',
    `new_rows` Int64 COMMENT 'Rows that the delivery before did not know.',
    `changed_rows` Int64 COMMENT 'Known rows with another content.',
    `deleted_rows` Int64 COMMENT 'Known rows that are gone.',
    `is_reconciled` Bool COMMENT 'Whether source_rows is known_rows.',
    `lag_bytes` Nullable(Int64) COMMENT 'Bytes of the write-ahead log between what the delivery holds and the end of the log; NULL unless by cdc.',
    `_delivery_id` LowCardinality(String) COMMENT 'Delivery of the run.',
    `_delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per delivery of the extraction and table: the rows in the source, those known to the run, and those that the warehouse holds. A run of the pipeline that finds no change makes one delivery a day.\nwarehouse_rows is computed from staging as it stood after the delivery. It falls short of source_rows where an older delivery is missing.\n'
