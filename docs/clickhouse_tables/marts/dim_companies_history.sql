CREATE TABLE duckhouse_marts.dim_companies_history
(
    `company_version_id` String COMMENT 'Key of the version; changes when an older delivery arrives late, so it is never stored in a fact.',
    `company_id` String COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `industry_back` Nullable(String) COMMENT 'Industry as the platform\'s back office groups it.',
    `industry_front` Nullable(String) COMMENT 'Industry as it is shown.',
    `hq_country` Nullable(String) COMMENT 'Country of the headquarters, by its English name.',
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
COMMENT 'One row per version of a company_id: its attributes, and when they were valid (SCD2).\nDerived from snap_consent__companies as the histories of ad serving are.\n'
