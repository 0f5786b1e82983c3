CREATE VIEW duckhouse_reporting.rpt_quality_scorecard
(
    `source` String COMMENT 'Source system.',
    `source_label` String COMMENT 'The source system as a page calls it.',
    `event_date` Nullable(Date32) COMMENT 'Day of event_at in UTC.',
    `is_in_period` Bool COMMENT 'Whether the day lies in the period that the system covers (rpt_quality_systems); days of clocks that are years off do not.\n',
    `is_after_last_delivery` Bool COMMENT 'Whether the day is after the last delivery, so that only a clock that is ahead can have made it.',
    `events` Int64 COMMENT 'Events of the day in the marts.',
    `open_errors` Int64 COMMENT 'Open findings that make figures wrong.',
    `open_warnings` Int64 COMMENT 'Open findings that may make figures wrong.',
    `open_information` Int64 COMMENT 'Open findings that the pipeline fixes, or that are only worth knowing.',
    `closed_findings` Int64 COMMENT 'Findings that a later delivery has fixed.',
    `events_at_fault` Int64 COMMENT 'Events with an open error or warning of their own.',
    `share_without_fault` Nullable(Float64) COMMENT 'Share of the day\'s events without an open error or warning of their own; NULL for days without events.\n',
    `impact_amount` Decimal(38, 6) COMMENT 'Amount that open errors are about, whatever its sign; an event with two errors counts twice.',
    `impact_currency` Nullable(String) COMMENT 'ISO 4217 currency of the amount; NULL where no money is touched.'
)
COMMENT 'One row per source system and UTC day of its events: how many there are, and how many open findings are about them. Answers which days to distrust. Asked by whoever reports a day. Findings that are about no day are in the row whose event_date is NULL.\n'
AS WITH
    last_deliveries AS
    (
        SELECT
            source,
            CAST(max(delivered_at), 'Date32') AS delivery_day
        FROM duckhouse_reporting.rpt_quality_deliveries
        GROUP BY source
    ),
    days AS
    (
        SELECT
            scorecard.*,
            coalesce(scorecard.event_date > last_deliveries.delivery_day, false) AS is_later,
            max(multiIf(scorecard.event_date <= last_deliveries.delivery_day, scorecard.events, 0)) OVER (PARTITION BY scorecard.source) AS most_events
        FROM duckhouse_quality.agg_dq_scorecard AS scorecard
        LEFT JOIN last_deliveries ON scorecard.source = last_deliveries.source
    ),
    periods AS
    (
        SELECT
            source,
            min(event_date) AS first_day,
            max(event_date) AS last_day
        FROM days
        WHERE (event_date IS NOT NULL) AND (NOT is_later) AND (events > 0) AND ((events * 100) >= most_events)
        GROUP BY source
    ),
    final AS
    (
        SELECT
            days.source AS source,
            CAST(caseWithExpression(days.source, 'ad_delivery', 'Ad delivery', 'ad_serving', 'Ad serving', 'consent', 'Consent', 'reviews', 'Reviews', 'telemetry', 'Telemetry', days.source), 'String') AS source_label,
            days.event_date AS event_date,
            CAST(coalesce((days.event_date >= periods.first_day) AND (days.event_date <= periods.last_day), false), 'Bool') AS is_in_period,
            CAST(days.is_later, 'Bool') AS is_after_last_delivery,
            days.events,
            days.findings_error AS open_errors,
            days.findings_warning AS open_warnings,
            days.findings_information AS open_information,
            days.findings_mended AS closed_findings,
            days.events_at_fault,
            days.share_without_fault,
            days.impact_amount,
            days.impact_currency
        FROM days
        LEFT JOIN periods ON days.source = periods.source
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
