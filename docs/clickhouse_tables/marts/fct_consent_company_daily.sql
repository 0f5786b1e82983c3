CREATE TABLE duckhouse_marts.fct_consent_company_daily
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `company_id` LowCardinality(Nullable(String)) COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `event_type` LowCardinality(Nullable(String)) COMMENT 'consent.asked, consent.given, pageview or ui.action; other spellings are kept as delivered, in lower case.',
    `consent_status` LowCardinality(Nullable(String)) COMMENT 'The user\'s state at the event: full opt-in, partial opt-in, opt-out or empty.',
    `country_code` LowCardinality(Nullable(String)) COMMENT 'ISO 3166 alpha-2 country in upper case, whichever of the three shapes of geography delivered it.',
    `device_type` LowCardinality(Nullable(String)) COMMENT 'smartphone, desktop, tablet and the like, in lower case.',
    `events_sampled` Int64 COMMENT 'Stored records.',
    `events_weighted_once` Decimal(38, 12) COMMENT 'Events of the population: each stored event weighs 1 / sampling_rate. Without bias; exact where the rate is 1.',
    `events_weighted_once_se` Nullable(Float64) COMMENT 'Standard error of the estimate before it (docs/consent.md has the formula).',
    `events_weighted_once_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `events_weighted_once_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `events_extrapolated` Decimal(38, 12) COMMENT 'COUNT / RATE, as the sender specifies. Where COUNT already is the inverse rate the weight is applied twice; compare events_weighted_once.',
    `events_extrapolated_se` Nullable(Float64) COMMENT 'Standard error of the estimate before it (docs/consent.md has the formula).',
    `events_extrapolated_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `events_extrapolated_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `variance_weighted_once` Decimal(38, 12) COMMENT 'Variance of events_weighted_once: the sum of w (w - 1), w = 1 / sampling_rate, the events being stored independently of each other. Variances of disjoint groups add up.',
    `first_event_at` DateTime64(6, 'UTC') COMMENT 'The earliest of the events, UTC.',
    `last_event_at` DateTime64(6, 'UTC') COMMENT 'The latest of the events, UTC.',
    `_day_version` LowCardinality(String) COMMENT 'State of the deliveries behind the day, and of what joined dimensions say of it; a run rebuilds the days whose version differs\nfrom the parent model.'
)
ENGINE = MergeTree
PARTITION BY (toYYYYMMDD(event_date))
ORDER BY (company_id, event_type)
SETTINGS allow_nullable_key = 1, default_compression_codec = 'ZSTD(1)', index_granularity = 1024, replicated_deduplication_window = '0'
COMMENT 'One row per company, event_date, event_type, consent_status, country_code and device_type: stored events, and the population they stand for in two readings.\nSums and variances add up over any groups; errors and intervals do not: make those of a group from its sums.\n'
