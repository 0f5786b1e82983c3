CREATE TABLE duckhouse_marts.dim_campaigns
(
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
    `last_observed_at` DateTime64(6, 'UTC') COMMENT 'Latest delivery that carries the key with these attributes; older than the latest delivery of the dimension where the key is missing from it.',
    `_delivery_id` String COMMENT 'Delivery that brought the version.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per campaign_id: its latest attributes.\nRows come from stg_ad_serving__campaigns, whose sender writes days and amounts in several ways; what could not be read is NULL here and kept as text there.\n'
