CREATE TABLE duckhouse_marts.dim_ad_delivery_advertisers
(
    `advertiser_id` Int64 COMMENT 'Key of the advertiser.',
    `advertiser_name` Nullable(String) COMMENT 'Display name.',
    `created_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the row was made, UTC, as the database says.',
    `updated_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'The greatest value seen while the version held, UTC; it begins no version.',
    `is_deleted` Bool COMMENT 'Whether the row is gone from the database.',
    `deleted_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was deleted, UTC: the commit, or the delivery where that is not known; NULL while it exists.',
    `last_observed_at` DateTime64(6, 'UTC') COMMENT 'When the row was last seen to change with these attributes, UTC.',
    `_delivery_id` String COMMENT 'Delivery that brought the version.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per advertiser ever seen: its current attributes, or the last ones of a deleted advertiser.\n'
