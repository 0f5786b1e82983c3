CREATE TABLE duckhouse_marts.fct_consent_choices
(
    `event_id` String COMMENT 'UUID of the event, trimmed and in lower case.',
    `kind` LowCardinality(String) COMMENT 'purposes, vendors, or those claimed as legitimate interest (purposes_li, vendors_li).',
    `item_id` LowCardinality(String) COMMENT 'Purpose or vendor.',
    `choice` LowCardinality(String) COMMENT 'offered (consent.asked), enabled or disabled (consent.given).',
    `company_id` LowCardinality(Nullable(String)) COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `event_type` LowCardinality(Nullable(String)) COMMENT 'consent.asked, consent.given, pageview or ui.action; other spellings are kept as delivered, in lower case.',
    `country_code` LowCardinality(Nullable(String)) COMMENT 'ISO 3166 alpha-2 country in upper case, whichever of the three shapes of geography delivered it.',
    `device_type` LowCardinality(Nullable(String)) COMMENT 'smartphone, desktop, tablet and the like, in lower case.',
    `events_weighted_once` Decimal(38, 12) COMMENT 'Events of the population: each stored event weighs 1 / sampling_rate. Without bias; exact where the rate is 1.',
    `variance_weighted_once` Decimal(38, 12) COMMENT 'Variance of events_weighted_once: the sum of w (w - 1), w = 1 / sampling_rate, the events being stored independently of each other. Variances of disjoint groups add up.',
    `choice_created_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the user\'s choice was first made, as the choice itself says, UTC; NULL where it does not.',
    `choice_updated_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was last changed, as the choice itself says, UTC; NULL where it does not.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `_delivery_id` LowCardinality(String) COMMENT 'Delivery of the record that is shown.',
    `_day_version` LowCardinality(String) COMMENT 'State of the deliveries behind the day, and of what joined dimensions say of it; a run rebuilds the days whose version differs\nfrom the parent model.'
)
ENGINE = MergeTree
PARTITION BY (toYYYYMMDD(event_date))
ORDER BY (company_id, event_id)
SETTINGS allow_nullable_key = 1, default_compression_codec = 'ZSTD(1)', index_granularity = 1024, replicated_deduplication_window = '0'
COMMENT 'One row per event_id, kind, item_id and choice: what a notice offered, and what a choice enabled and disabled, from PARAMETERS.\nTexts that are no JSON, and lists that are missing, give no rows.\n'
