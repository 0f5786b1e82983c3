CREATE TABLE duckhouse_reporting.rpt_quality_systems
(
    `source` String COMMENT 'Source system.',
    `label` String COMMENT 'The source system as a page calls it.',
    `headline_name` String COMMENT 'What the figure of the system is, by its declaration (config.meta.headline); Events where it declares none.\n',
    `headline_value` String COMMENT 'The figure as people read it, with its unit, and with the 95 % interval where it is an estimate.',
    `first_day` Nullable(Date32) COMMENT 'First UTC day of the period; NULL without events.',
    `last_day` Nullable(Date32) COMMENT 'Last UTC day of the period, never after the last delivery.',
    `last_delivery_at` DateTime64(6, 'UTC') COMMENT 'When the last delivery arrived, UTC.',
    `last_delivery_records` Int64 COMMENT 'Records of events that it brought.',
    `deliveries` Int64 COMMENT 'Deliveries so far.',
    `records_read` Int64 COMMENT 'Records of events that were read, rejected ones and blank lines included.',
    `records_unaccounted` Int64 COMMENT 'Records that were read and of which no model says what became of them; 0 unless something is broken.\n',
    `days_without_events` Int64 COMMENT 'Days of the period without an event; 0 where usual days have less than dq_least_records events, because days may be empty by chance.\n',
    `is_complete` Bool COMMENT 'Whether every record is accounted for, and no day of the period is empty.',
    `events` Int64 COMMENT 'Events in the marts.',
    `open_errors` Int64 COMMENT 'Open findings that make figures wrong.',
    `open_warnings` Int64 COMMENT 'Open findings that may make figures wrong.',
    `open_information` Int64 COMMENT 'Open findings that the pipeline fixes, or that are only worth knowing.',
    `closed_findings` Int64 COMMENT 'Findings that a later delivery has fixed.',
    `share_without_fault` Nullable(Float64) COMMENT 'Share of the events without an open error or warning of their own; NULL without events.',
    `impact_amount` Decimal(38, 6) COMMENT 'Amount that open errors are about, whatever its sign; an event with two errors counts twice.',
    `impact_currency` Nullable(String) COMMENT 'ISO 4217 currency of the amount; NULL where no money is touched.',
    `is_right` Bool COMMENT 'Whether no error is open.',
    `days_behind` Nullable(Int64) COMMENT 'Days from the last day of the period to the day of the last delivery; NULL without events.',
    `usual_days_behind` Nullable(Int64) COMMENT 'The median of that over the deliveries that brought a later day than those before them, rounded up; NULL where fewer than dq_least_peers deliveries did.\n',
    `days_late` Nullable(Int64) COMMENT 'Days by which the system is further behind than usual, at least 0; NULL where nothing is usual yet.',
    `is_on_time` Nullable(Bool) COMMENT 'Whether it is no further behind than usual; NULL where nothing is usual yet.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per source system of which anything was delivered: the period it covers, its last delivery, one figure that stands for it, and whether its data are complete, right and on time. Asked by everybody who opens the report: can I rely on this today?\nAll of it follows from what was delivered, never from today\'s date. The period runs from the first to the last UTC day with at least a hundredth (var dq_stray_part) of the events of the fullest day, up to the last delivery: the few events of clocks that are years off do not stretch it.\n'
