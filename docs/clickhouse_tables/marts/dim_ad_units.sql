CREATE TABLE duckhouse_marts.dim_ad_units
(
    `ad_unit_id` String COMMENT 'Key of the ad unit as delivered; it may be missing from dim_ad_units.',
    `publisher_id` Nullable(String) COMMENT 'Key of the publisher that owns the ad unit.',
    `ad_unit_name` Nullable(String) COMMENT 'Display name.',
    `ad_format` Nullable(String) COMMENT 'Banner, Display, Video, Native and the like.',
    `ad_size` Nullable(String) COMMENT 'Width x height in pixels.',
    `placement_type` Nullable(String) COMMENT 'Where on the page it stands, in lower case.',
    `is_active` Nullable(Bool) COMMENT 'Whether the ad unit may serve.',
    `created_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the sender created the row, UTC.',
    `last_observed_at` DateTime64(6, 'UTC') COMMENT 'Latest delivery that carries the key with these attributes; older than the latest delivery of the dimension where the key is missing from it.',
    `_delivery_id` String COMMENT 'Delivery that brought the version.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per ad_unit_id: its latest attributes.\nRows come from stg_ad_serving__ad_units.\n'
