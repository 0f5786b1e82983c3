CREATE TABLE duckhouse_quality.agg_dq_scorecard
(
    `source` String COMMENT 'Source system.',
    `event_date` Nullable(Date32) COMMENT 'Day of event_at in UTC.',
    `events` Int64 COMMENT 'Events of the day in the marts.',
    `findings_error` Int64 COMMENT 'Open findings that make figures wrong.',
    `findings_warning` Int64 COMMENT 'Open findings that may make figures wrong.',
    `findings_information` Int64 COMMENT 'Open findings that the pipeline fixes, or that are only worth knowing.',
    `findings_mended` Int64 COMMENT 'Findings that a later delivery has fixed.',
    `events_at_fault` Int64 COMMENT 'Events with an open error or warning of their own.',
    `impact_amount` Decimal(38, 6) COMMENT 'Amount that open errors are about, whatever its sign; an event with two errors counts twice.',
    `impact_currency` Nullable(String) COMMENT 'Currency of the amount, which is that of the source; NULL where no open error is about money.',
    `share_without_fault` Nullable(Float64) COMMENT 'Share of the day\'s events without an open error or warning of their own; NULL for days without events.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per source and UTC day of its events: how many there are, and what the rules found about them. Findings that are about no day (a file, a record without a time) are in the row whose event_date is NULL. Key: source, event_date.\n'
