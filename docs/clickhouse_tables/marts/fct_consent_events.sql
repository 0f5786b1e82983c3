CREATE TABLE duckhouse_marts.fct_consent_events
(
    `event_id` String COMMENT 'UUID of the event, trimmed and in lower case.',
    `event_type` LowCardinality(Nullable(String)) COMMENT 'consent.asked, consent.given, pageview or ui.action; other spellings are kept as delivered, in lower case.',
    `company_id` LowCardinality(Nullable(String)) COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `user_key` Nullable(String) COMMENT 'SHA-256 of the user\'s id: tells whether two events are of the same user, and nothing else.',
    `sampling_rate` Decimal(38, 12) COMMENT 'Share of events of this kind that is stored, at least 0.000000001 and up to 1, with the first six digits that are not zero: the noise of floats is rounded away.',
    `event_count` Nullable(Int64) COMMENT 'Events that the record stands for, as the sender counts: the rounded inverse of the rate; NULL where COUNT is not a number of at least 1.',
    `events_stored` Int64 COMMENT 'Stored events behind the record: 1, or event_count where that exceeds the rounded inverse of the rate.',
    `events_weighted_once` Decimal(38, 12) COMMENT 'Events of the population: each stored event weighs 1 / sampling_rate. Without bias; exact where the rate is 1.',
    `events_extrapolated` Decimal(38, 12) COMMENT 'COUNT / RATE, as the sender specifies. Where COUNT already is the inverse rate the weight is applied twice; compare events_weighted_once.',
    `variance_weighted_once` Decimal(38, 12) COMMENT 'Variance of events_weighted_once: the sum of w (w - 1), w = 1 / sampling_rate, the events being stored independently of each other. Variances of disjoint groups add up.',
    `consent_status` LowCardinality(Nullable(String)) COMMENT 'The user\'s state at the event: full opt-in, partial opt-in, opt-out or empty.',
    `parameters` Nullable(String) COMMENT 'JSON whose shape depends on the type.',
    `choice_created_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the user\'s choice was first made, as the choice itself says, UTC; NULL where it does not.',
    `choice_updated_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was last changed, as the choice itself says, UTC; NULL where it does not.',
    `sdk_type` LowCardinality(Nullable(String)) COMMENT 'sdk-web or sdk-mobile.',
    `domain` LowCardinality(Nullable(String)) COMMENT 'Domain or app on which it happened, in lower case.',
    `deployment_id` LowCardinality(Nullable(String)) COMMENT 'Version of the notice.',
    `country_code` LowCardinality(Nullable(String)) COMMENT 'ISO 3166 alpha-2 country in upper case, whichever of the three shapes of geography delivered it.',
    `region` LowCardinality(Nullable(String)) COMMENT 'Subdivision of the country in upper case.',
    `browser_family` LowCardinality(Nullable(String)) COMMENT 'Browser family.',
    `device_type` LowCardinality(Nullable(String)) COMMENT 'smartphone, desktop, tablet and the like, in lower case.',
    `event_at` DateTime64(6, 'UTC') COMMENT 'When it happened, UTC, microseconds.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `window_start` Nullable(DateTime64(6, 'UTC')) COMMENT 'The hour in which the platform counted it, UTC.',
    `first_delivery_id` LowCardinality(String) COMMENT 'Delivery that brought the event first.',
    `_delivery_id` LowCardinality(String) COMMENT 'Delivery of the record that is shown.',
    `_source_file` LowCardinality(String) COMMENT 'File of the record, relative to its drop.',
    `_source_row` Int64 COMMENT 'Line (text files) or row (Parquet) of the record in its file, from 1.',
    `_day_version` LowCardinality(String) COMMENT 'State of the deliveries behind the day, and of what joined dimensions say of it; a run rebuilds the days whose version differs\nfrom the parent model.'
)
ENGINE = MergeTree
PARTITION BY (toYYYYMMDD(event_date))
ORDER BY (company_id, event_at)
SETTINGS allow_nullable_key = 1, default_compression_codec = 'ZSTD(1)', index_granularity = 1024, replicated_deduplication_window = '0'
COMMENT 'One row per event_id: the latest record of every stored consent event, with the weight by which it stands for the population.\nThe record of the latest delivery wins, then the last file, then the last row. Records without an id, a readable time or a usable rate are set aside (stg_consent__events.set_aside_reason) and replace nothing. Events of companies that no file knows stay.\n'
