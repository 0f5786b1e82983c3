CREATE TABLE duckhouse_marts.dim_campaigns_history
(
    `campaign_version_id` String COMMENT 'Key of the version; changes when an older delivery arrives late, so it is never stored in a fact.',
    `campaign_id` String COMMENT 'Key of the campaign as delivered; NULL when no ad was served.',
    `campaign_name` Nullable(String) COMMENT 'Display name.',
    `advertiser_id` Nullable(String) COMMENT 'Key of the advertiser.',
    `advertiser_name` Nullable(String) COMMENT 'Display name of the advertiser.',
    `status` Nullable(String) COMMENT 'active, paused or completed, in lower case.',
    `start_date` Nullable(Date32) COMMENT 'First day of the flight.',
    `end_date` Nullable(Date32) COMMENT 'Last day of the flight.',
    `budget_usd` Nullable(Decimal(38, 6)) COMMENT 'Budget of the flight in US dollars.',
    `device_targeting` Nullable(String) COMMENT 'Devices that are targeted, separated by commas, in lower case.',
    `country_targeting` Nullable(String) COMMENT 'Countries that are targeted, separated by commas, in upper case.',
    `created_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the sender created the row, UTC.',
    `version_number` Int64 COMMENT 'Number of the version of its key, from 1.',
    `valid_from` DateTime64(6, 'UTC') COMMENT 'When the version begins, UTC, inclusive: the delivery that brought it; 1900-01-01 for the first version of a key.',
    `valid_to` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the next version begins, UTC, exclusive; NULL while the version is current.',
    `is_current` Bool COMMENT 'Whether no later version of the key is known.',
    `last_observed_at` DateTime64(6, 'UTC') COMMENT 'Latest delivery that carries the key with these attributes; older than the latest delivery of the dimension where the key is missing from it.',
    `_delivery_id` String COMMENT 'Delivery that brought the version.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per version of a campaign_id: its attributes, and when they were valid (SCD2).\nRows come from snap_ad_serving__campaigns, which keeps what every delivery said, so the history is right after late deliveries, values that change back and a pruned landing zone. A version holds from the delivery that brought it until the next; the first one also holds for all time before. A key that is missing from a delivery keeps its version. Ranges of a key neither overlap nor leave gaps.\n'
