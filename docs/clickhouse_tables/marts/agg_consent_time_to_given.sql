CREATE TABLE duckhouse_marts.agg_consent_time_to_given
(
    `company_id` String COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `definition` String COMMENT 'Name of the definition.',
    `events_of_definition` Int64 COMMENT 'Stored notices of a known user, or choices (created_to_updated).',
    `events_linked` Int64 COMMENT 'Those with a time.',
    `coverage_sampled` Nullable(Float64) COMMENT 'events_linked / events_of_definition, of stored records and without a weight: the one reading there is.',
    `median_seconds` Nullable(Float64) COMMENT 'Median of the linked, seconds; NULL where none is.',
    `percentile_90_seconds` Nullable(Float64) COMMENT '90th percentile of the linked, seconds; nine of ten take at most so long.',
    `mean_seconds` Nullable(Float64) COMMENT 'Mean of the linked, seconds; far above the median where some answer days later.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per company_id and definition: how long it takes from a notice to an answer, and for which share of events this is known.\nDefinitions: first_later_given (the first later choice of the same user), next_event_is_given (the next stored event of the user is a choice; pageviews are sampled, so one between may be missing), given_within_session (first_later_given within 30 minutes, var session_minutes), created_to_updated (what the choice itself says). Only stored events of the company with a user can be linked.\n'
