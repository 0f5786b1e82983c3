CREATE TABLE duckhouse_marts.dim_companies
(
    `company_id` String COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `industry_back` Nullable(String) COMMENT 'Industry as the platform\'s back office groups it.',
    `industry_front` Nullable(String) COMMENT 'Industry as it is shown.',
    `hq_country` Nullable(String) COMMENT 'Country of the headquarters, by its English name.',
    `last_observed_at` DateTime64(6, 'UTC') COMMENT 'Latest delivery that carries the key with these attributes; older than the latest delivery of the dimension where the key is missing from it.',
    `_delivery_id` String COMMENT 'Delivery that brought the version.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per company_id: its current attributes, including companies without events.\nA key that is missing from the latest file keeps its last known attributes.\n'
