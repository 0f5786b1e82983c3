CREATE VIEW duckhouse_reporting.rpt_quality_systems
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
COMMENT 'One row per source system of which anything was delivered: the period it covers, its last delivery, one figure that stands for it, and whether its data are complete, right and on time. Asked by everybody who opens the report: can I rely on this today?\nAll of it follows from what was delivered, never from today\'s date. The period runs from the first to the last UTC day with at least a hundredth (var dq_stray_part) of the events of the fullest day, up to the last delivery: the few events of clocks that are years off do not stretch it.\n'
AS WITH
    deliveries AS
    (
        SELECT
            *,
            row_number() OVER (PARTITION BY source ORDER BY delivery_id DESC) AS recency
        FROM duckhouse_reporting.rpt_quality_deliveries
    ),
    delivered AS
    (
        SELECT
            source,
            source_label,
            count(*) AS delivery_count,
            max(delivered_at) AS last_at,
            sum(multiIf(recency = 1, records_read, 0)) AS last_records,
            sum(records_read) AS read_count,
            sum(records_unaccounted) AS unaccounted_count,
            countIf(brings_later_day) AS advance_count,
            quantileExactInclusiveOrNull(0.5)(multiIf(brings_later_day, days_behind, NULL)) AS usual_days_behind
        FROM deliveries
        GROUP BY
            source,
            source_label
    ),
    judged AS
    (
        SELECT
            source,
            min(multiIf(is_in_period, event_date, NULL)) AS first_day,
            max(multiIf(is_in_period, event_date, NULL)) AS last_day,
            countIf(is_in_period AND (events > 0)) AS filled_days,
            quantileExactInclusiveOrNull(0.5)(multiIf(is_in_period AND (events > 0), events, NULL)) AS usual_events,
            sum(events) AS event_count,
            sum(open_errors) AS errors_count,
            sum(open_warnings) AS warnings_count,
            sum(open_information) AS information_count,
            sum(closed_findings) AS closed_count,
            sum(multiIf(events > 0, events_at_fault, 0)) AS at_fault_count,
            sum(impact_amount) AS amount,
            max(impact_currency) AS currency
        FROM duckhouse_reporting.rpt_quality_scorecard
        GROUP BY source
    ),
    shown AS
    (
        SELECT
            CAST('ad_delivery', 'String') AS source,
            CAST('Spend', 'String') AS headline_name,
            CAST(concat('$', multiIf(figure < 0, '-', figure >= 0, '', NULL), replaceRegexpAll(reverse(replaceRegexpAll(reverse(replaceRegexpAll(concat('00', CAST(CAST(floor((abs(coalesce(figure, 0)) * 100) + 0.5), 'Nullable(Int64)'), 'Nullable(String)')), '^0*([0-9]+)([0-9]{2})$', '\\1.\\2')), '([0-9]{3})', '\\1,')), '^,', '')), 'Nullable(String)') AS headline_value
        FROM
        (
            SELECT
                sum(spend_usd) AS figure,
                NULL AS lowest,
                NULL AS highest
            FROM duckhouse_marts.fct_ad_delivery_daily
        ) AS figures
        UNION ALL
        SELECT
            CAST('ad_serving', 'String') AS source,
            CAST('Revenue', 'String') AS headline_name,
            CAST(concat('$', multiIf(figure < 0, '-', figure >= 0, '', NULL), replaceRegexpAll(reverse(replaceRegexpAll(reverse(replaceRegexpAll(concat('00', CAST(CAST(floor((abs(coalesce(figure, 0)) * 100) + 0.5), 'Nullable(Int64)'), 'Nullable(String)')), '^0*([0-9]+)([0-9]{2})$', '\\1.\\2')), '([0-9]{3})', '\\1,')), '^,', '')), 'Nullable(String)') AS headline_value
        FROM
        (
            SELECT
                sum(revenue_usd) AS figure,
                NULL AS lowest,
                NULL AS highest
            FROM duckhouse_marts.fct_ad_events_daily
        ) AS figures
        UNION ALL
        SELECT
            CAST('consent', 'String') AS source,
            CAST('Opt-in rate', 'String') AS headline_name,
            CAST(concat(multiIf((figure * 100) < 0, '-', (figure * 100) >= 0, '', NULL), replaceRegexpAll(reverse(replaceRegexpAll(reverse(replaceRegexpAll(concat('00', CAST(CAST(floor((abs(coalesce(figure * 100, 0)) * 10) + 0.5), 'Nullable(Int64)'), 'Nullable(String)')), '^0*([0-9]+)([0-9]{1})$', '\\1.\\2')), '([0-9]{3})', '\\1,')), '^,', ''), '%', multiIf(lowest IS NULL, '', concat(' (', multiIf((lowest * 100) < 0, '-', (lowest * 100) >= 0, '', NULL), replaceRegexpAll(reverse(replaceRegexpAll(reverse(replaceRegexpAll(concat('00', CAST(CAST(floor((abs(coalesce(lowest * 100, 0)) * 10) + 0.5), 'Nullable(Int64)'), 'Nullable(String)')), '^0*([0-9]+)([0-9]{1})$', '\\1.\\2')), '([0-9]{3})', '\\1,')), '^,', ''), '%', ' to ', multiIf((highest * 100) < 0, '-', (highest * 100) >= 0, '', NULL), replaceRegexpAll(reverse(replaceRegexpAll(reverse(replaceRegexpAll(concat('00', CAST(CAST(floor((abs(coalesce(highest * 100, 0)) * 10) + 0.5), 'Nullable(Int64)'), 'Nullable(String)')), '^0*([0-9]+)([0-9]{1})$', '\\1.\\2')), '([0-9]{3})', '\\1,')), '^,', ''), '%', ')'))), 'Nullable(String)') AS headline_value
        FROM
        (
            SELECT
                maxIf(opt_in_rate, breakdown = 'all') AS figure,
                maxIf(opt_in_rate_low, breakdown = 'all') AS lowest,
                maxIf(opt_in_rate_high, breakdown = 'all') AS highest
            FROM duckhouse_reporting.rpt_consent_rates
        ) AS figures
        UNION ALL
        SELECT
            CAST('reviews', 'String') AS source,
            CAST('Mean rating', 'String') AS headline_name,
            CAST(concat(multiIf(figure < 0, '-', figure >= 0, '', NULL), replaceRegexpAll(reverse(replaceRegexpAll(reverse(replaceRegexpAll(concat('00', CAST(CAST(floor((abs(coalesce(figure, 0)) * 100) + 0.5), 'Nullable(Int64)'), 'Nullable(String)')), '^0*([0-9]+)([0-9]{2})$', '\\1.\\2')), '([0-9]{3})', '\\1,')), '^,', ''), ' of 5 stars'), 'Nullable(String)') AS headline_value
        FROM
        (
            SELECT
                sum(rating_sum) / nullIf(sum(ratings), 0) AS figure,
                NULL AS lowest,
                NULL AS highest
            FROM duckhouse_intermediate.int_reviews__product_months
        ) AS figures
        UNION ALL
        SELECT
            CAST('telemetry', 'String') AS source,
            CAST('Valid readings', 'String') AS headline_name,
            CAST(concat(multiIf(figure < 0, '-', figure >= 0, '', NULL), replaceRegexpAll(reverse(replaceRegexpAll(reverse(CAST(CAST(floor((abs(coalesce(figure, 0)) * 1) + 0.5), 'Nullable(Int64)'), 'Nullable(String)')), '([0-9]{3})', '\\1,')), '^,', '')), 'Nullable(String)') AS headline_value
        FROM
        (
            SELECT
                sum(records_first) AS figure,
                NULL AS lowest,
                NULL AS highest
            FROM duckhouse_quality.fct_device_reading_records
        ) AS figures
    ),
    measured AS
    (
        SELECT
            delivered.source AS source,
            multiIf(judged.usual_events >= 20, (dateDiff('day', judged.first_day, judged.last_day) + 1) - judged.filled_days, 0) AS empty_days,
            dateDiff('day', judged.last_day, CAST(delivered.last_at, 'Date32')) AS days_behind,
            multiIf(delivered.advance_count >= 3, ceil(coalesce(delivered.usual_days_behind, 0)), NULL) AS usual_days
        FROM delivered
        LEFT JOIN judged ON delivered.source = judged.source
    ),
    final AS
    (
        SELECT
            delivered.source AS source,
            delivered.source_label AS label,
            CAST(coalesce(shown.headline_name, 'Events'), 'String') AS headline_name,
            CAST(coalesce(shown.headline_value, concat(multiIf(coalesce(judged.event_count, 0) < 0, '-', coalesce(judged.event_count, 0) >= 0, '', NULL), replaceRegexpAll(reverse(replaceRegexpAll(reverse(CAST(CAST(floor((abs(coalesce(coalesce(judged.event_count, 0), 0)) * 1) + 0.5), 'Nullable(Int64)'), 'Nullable(String)')), '([0-9]{3})', '\\1,')), '^,', ''))), 'String') AS headline_value,
            judged.first_day,
            judged.last_day,
            CAST(delivered.last_at, 'DateTime64(6, \'UTC\')') AS last_delivery_at,
            CAST(delivered.last_records, 'Int64') AS last_delivery_records,
            CAST(delivered.delivery_count, 'Int64') AS deliveries,
            CAST(delivered.read_count, 'Int64') AS records_read,
            CAST(delivered.unaccounted_count, 'Int64') AS records_unaccounted,
            CAST(coalesce(measured.empty_days, 0), 'Int64') AS days_without_events,
            CAST((delivered.unaccounted_count = 0) AND (coalesce(measured.empty_days, 0) = 0), 'Bool') AS is_complete,
            CAST(coalesce(judged.event_count, 0), 'Int64') AS events,
            CAST(coalesce(judged.errors_count, 0), 'Int64') AS open_errors,
            CAST(coalesce(judged.warnings_count, 0), 'Int64') AS open_warnings,
            CAST(coalesce(judged.information_count, 0), 'Int64') AS open_information,
            CAST(coalesce(judged.closed_count, 0), 'Int64') AS closed_findings,
            1 - (CAST(judged.at_fault_count, 'Nullable(Float64)') / nullIf(CAST(judged.event_count, 'Nullable(Float64)'), 0)) AS share_without_fault,
            CAST(coalesce(judged.amount, 0), 'Decimal(38, 6)') AS impact_amount,
            CAST(judged.currency, 'Nullable(String)') AS impact_currency,
            CAST(coalesce(judged.errors_count, 0) = 0, 'Bool') AS is_right,
            CAST(measured.days_behind, 'Nullable(Int64)') AS days_behind,
            CAST(measured.usual_days, 'Nullable(Int64)') AS usual_days_behind,
            CAST(multiIf(measured.days_behind > measured.usual_days, measured.days_behind - measured.usual_days, measured.usual_days IS NOT NULL, 0, NULL), 'Nullable(Int64)') AS days_late,
            CAST(measured.days_behind <= measured.usual_days, 'Nullable(Bool)') AS is_on_time
        FROM delivered
        LEFT JOIN judged ON delivered.source = judged.source
        LEFT JOIN shown ON delivered.source = shown.source
        LEFT JOIN measured ON delivered.source = measured.source
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
