CREATE TABLE duckhouse_reporting.rpt_consent_time_to_answer
(
    `company_id` String COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `industry` Nullable(String) COMMENT 'Industry of the company as it is shown, or else as the back office groups it.',
    `definition` String COMMENT 'Name of the definition in agg_consent_time_to_given.',
    `definition_label` String COMMENT 'From what to what the time runs.',
    `median_seconds` Nullable(Float64) COMMENT 'Median of the events that have such a time, seconds; NULL where none has.',
    `percentile_90_seconds` Nullable(Float64) COMMENT '90th percentile of them, seconds; nine of ten take at most so long.',
    `coverage` Nullable(Float64) COMMENT 'Share of the events that have such a time, events_linked / events_stored.',
    `coverage_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval (Wilson).',
    `coverage_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval (Wilson).',
    `events_stored` Int64 COMMENT 'Stored notices of a known user, or choices (created_to_updated).',
    `events_linked` Int64 COMMENT 'Those with a time.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per company_id and definition: how long users take from a notice to an answer, and for which share of events that can be said. Asked by consent product. Definitions: docs/consent.md. Counts are of stored records, without a weight.\n'
