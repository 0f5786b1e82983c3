CREATE TABLE duckhouse_marts.dim_publishers
(
    `publisher_id` String COMMENT 'Key of the publisher as delivered; it may be missing from dim_publishers.',
    `publisher_name` Nullable(String) COMMENT 'Display name.',
    `publisher_category` Nullable(String) COMMENT 'Content category.',
    `primary_domain` Nullable(String) COMMENT 'The publisher\'s own domain, in lower case.',
    `account_manager` Nullable(String) COMMENT 'Who looks after the publisher.',
    `country_code` Nullable(String) COMMENT 'ISO 3166 alpha-2 country of the publisher.',
    `timezone` Nullable(String) COMMENT 'IANA time zone that decides the reporting day.',
    `created_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the sender created the row, UTC.',
    `updated_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the sender says that the row last changed, UTC; the latest that was seen with the version, it begins none.',
    `last_observed_at` DateTime64(6, 'UTC') COMMENT 'Latest delivery that carries the key with these attributes; older than the latest delivery of the dimension where the key is missing from it.',
    `_delivery_id` String COMMENT 'Delivery that brought the version.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per publisher_id: its latest attributes.\nThe current version of dim_publishers_history. A key that is missing from the latest file keeps its last known attributes.\n'
