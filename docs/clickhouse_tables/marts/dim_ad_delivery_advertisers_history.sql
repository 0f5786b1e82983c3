CREATE TABLE duckhouse_marts.dim_ad_delivery_advertisers_history
(
    `advertiser_version_id` String COMMENT 'Key of the version; changes when an older delivery arrives late, so no incremental fact stores it.',
    `advertiser_id` Int64 COMMENT 'Key of the advertiser.',
    `advertiser_name` Nullable(String) COMMENT 'Display name.',
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
COMMENT 'One row per version of an advertiser: its attributes, and when they were valid (SCD2).\nMade from every change that an extraction saw: by comparing at most one a run, by cdc each committed one. A deletion ends the last version, and a row that comes back begins another, so ranges may leave gaps. A version that would begin and end at the same moment is left out.\n'
