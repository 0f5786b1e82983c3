CREATE TABLE duckhouse_marts.dim_ad_delivery_campaigns_history
(
    `campaign_version_id` String COMMENT 'Key of the version; changes when an older delivery arrives late, so no incremental fact stores it.',
    `campaign_id` Int64 COMMENT 'Key of the campaign.',
    `campaign_name` Nullable(String) COMMENT 'Display name.',
    `advertiser_id` Nullable(Int64) COMMENT 'Key of the advertiser.',
    `bid_usd` Nullable(Decimal(38, 6)) COMMENT 'Price of 1,000 impressions in US dollars; NULL if the database holds NaN.',
    `budget_usd` Nullable(Decimal(38, 6)) COMMENT 'Budget of the flight in US dollars; NULL if the database holds NaN.',
    `start_date` Nullable(Date32) COMMENT 'First day of the flight; NULL where none is set: the flight begins with the day of created_at.',
    `end_date` Nullable(Date32) COMMENT 'Last day of the flight; NULL where none is set.',
    `created_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the row was made, UTC, as the database says.',
    `updated_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'The greatest value seen while the version held, UTC; it begins no version.',
    `version_number` Int64 COMMENT 'Number of the version of its key, from 1.',
    `valid_from` DateTime64(6, 'UTC') COMMENT 'When the version begins, UTC, inclusive: the commit of the change, or the delivery where that is not known; 1900-01-01 for the first version of a key.',
    `valid_to` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the next version begins or the row was deleted, UTC, exclusive; NULL while the version is current.',
    `is_current` Bool COMMENT 'Whether the row exists and no later version of it is known.',
    `last_observed_at` DateTime64(6, 'UTC') COMMENT 'When the row was last seen to change with these attributes, UTC.',
    `_delivery_id` String COMMENT 'Delivery that brought the version.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per version of a campaign: its attributes, and when they were valid (SCD2).\nMade from every change that an extraction saw: by comparing at most one a run, by cdc each committed one. A deletion ends the last version, and a row that comes back begins another, so ranges may leave gaps. A version that would begin and end at the same moment is left out.\n'
