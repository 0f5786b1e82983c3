CREATE TABLE duckhouse_marts.dim_ad_delivery_campaigns
(
    `campaign_id` Int64 COMMENT 'Key of the campaign.',
    `campaign_name` Nullable(String) COMMENT 'Display name.',
    `advertiser_id` Nullable(Int64) COMMENT 'Key of the advertiser.',
    `bid_usd` Nullable(Decimal(38, 6)) COMMENT 'Price of 1,000 impressions in US dollars; NULL if the database holds NaN.',
    `budget_usd` Nullable(Decimal(38, 6)) COMMENT 'Budget of the flight in US dollars; NULL if the database holds NaN.',
    `start_date` Nullable(Date32) COMMENT 'First day of the flight; NULL where none is set: the flight begins with the day of created_at.',
    `end_date` Nullable(Date32) COMMENT 'Last day of the flight; NULL where none is set.',
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
COMMENT 'One row per campaign ever seen: its current attributes, or the last ones of a deleted campaign.\n'
