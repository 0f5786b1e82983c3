CREATE TABLE duckhouse_marts.fct_consent_choices_daily
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `company_id` LowCardinality(Nullable(String)) COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `country_code` LowCardinality(Nullable(String)) COMMENT 'ISO 3166 alpha-2 country in upper case, whichever of the three shapes of geography delivered it.',
    `device_type` LowCardinality(Nullable(String)) COMMENT 'smartphone, desktop, tablet and the like, in lower case.',
    `kind` LowCardinality(String) COMMENT 'purposes, vendors, or those claimed as legitimate interest (purposes_li, vendors_li).',
    `item_id` LowCardinality(String) COMMENT 'Purpose or vendor.',
    `choice` LowCardinality(String) COMMENT 'offered (consent.asked), enabled or disabled (consent.given).',
    `events_sampled` Int64 COMMENT 'Stored records.',
    `events_weighted_once` Decimal(38, 12) COMMENT 'Events of the population: each stored event weighs 1 / sampling_rate. Without bias; exact where the rate is 1.',
    `variance_weighted_once` Decimal(38, 12) COMMENT 'Variance of events_weighted_once: the sum of w (w - 1), w = 1 / sampling_rate, the events being stored independently of each other. Variances of disjoint groups add up.',
    `_day_version` LowCardinality(String) COMMENT 'State of the deliveries behind the day, and of what joined dimensions say of it; a run rebuilds the days whose version differs\nfrom the parent model.'
)
ENGINE = MergeTree
PARTITION BY (toYYYYMMDD(event_date))
ORDER BY (kind, item_id, choice)
SETTINGS allow_nullable_key = 1, default_compression_codec = 'ZSTD(1)', index_granularity = 1024, replicated_deduplication_window = '0'
COMMENT 'One row per event_date, company_id, country_code, device_type, kind, item_id and choice: the notices that offered a purpose or vendor, and the choices that enabled or disabled it, stored and in the population.\nFrom fct_consent_choices. Sums and variances add up over any groups of one item and choice; a notice that offers ten vendors is in the rows of all ten, so they do not add up over items.\n'
