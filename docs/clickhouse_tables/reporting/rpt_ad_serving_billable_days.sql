CREATE VIEW duckhouse_reporting.rpt_ad_serving_billable_days
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `is_after_last_delivery` Bool COMMENT 'Whether the day lies after the UTC day of the last delivery, so that its events have a clock that runs ahead.\n',
    `events_gross` Int64 COMMENT 'Events, all of them.',
    `events_invalid_records` Int64 COMMENT 'Events that are invalid as records (invalid_record_reason of fct_ad_events).',
    `events_general_invalid_traffic` Int64 COMMENT 'Events that are general invalid traffic (GIVT) and whose record is valid.',
    `events_suspect_traffic` Int64 COMMENT 'Events that are suspect traffic and whose record is valid.',
    `events_billable` Int64 COMMENT 'Events of valid records and valid traffic.',
    `impressions_gross` Int64 COMMENT 'Impressions, filled or not.',
    `impressions_invalid_records` Int64 COMMENT 'Impressions that are invalid as records.',
    `impressions_general_invalid_traffic` Int64 COMMENT 'Impressions that are general invalid traffic (GIVT) and whose record is valid.',
    `impressions_suspect_traffic` Int64 COMMENT 'Impressions that are suspect traffic and whose record is valid.',
    `impressions_billable` Int64 COMMENT 'Impressions of valid records and valid traffic.',
    `clicks_gross` Int64 COMMENT 'Clicks, all of them.',
    `clicks_invalid_records` Int64 COMMENT 'Clicks that are invalid as records.',
    `clicks_general_invalid_traffic` Int64 COMMENT 'Clicks that are general invalid traffic (GIVT) and whose record is valid.',
    `clicks_suspect_traffic` Int64 COMMENT 'Clicks that are suspect traffic and whose record is valid.',
    `clicks_billable` Int64 COMMENT 'Clicks of valid records and valid traffic.',
    `revenue_usd_gross` Decimal(38, 6) COMMENT 'US dollars, last known amounts of all events.',
    `revenue_usd_invalid_records` Decimal(38, 6) COMMENT 'US dollars of events that are invalid as records.',
    `revenue_usd_general_invalid_traffic` Decimal(38, 6) COMMENT 'US dollars of general invalid traffic (GIVT) whose record is valid.',
    `revenue_usd_suspect_traffic` Decimal(38, 6) COMMENT 'US dollars of suspect traffic whose record is valid.',
    `revenue_usd_billable` Decimal(38, 6) COMMENT 'US dollars of valid records and valid traffic.',
    `revenue_usd_billable_not_settled` Decimal(38, 6) COMMENT 'The part of revenue_usd_billable whose latest record says NULL, so that a later delivery may take or change it.\n',
    `events_with_signals` Int64 COMMENT 'Events with any signal of invalid traffic, also where their score stays below var suspect_score.',
    `events_in_open_errors` Int64 COMMENT 'Events with an open error of their own, each once, whichever step takes them off.',
    `revenue_usd_in_open_errors` Decimal(38, 6) COMMENT 'The part of revenue_usd_gross that these events carry.',
    `open_errors` Int64 COMMENT 'Open findings of severity error about the day, those about prices or hours as a whole included.'
)
COMMENT 'One row per UTC day: the bridge from gross to billable, and what of it is in open errors.\nFinance: what is billable of each day, and what was taken off? gross - invalid records - general invalid traffic - suspect traffic = billable, for events, impressions, clicks and revenue; an event is taken off once, by the first step that it meets. Built with the rules.\n'
AS WITH
    last_delivery AS
    (
        SELECT
            max(_delivery_id) AS delivery_id,
            CAST(max(_delivered_at), 'Date32') AS delivery_date
        FROM duckhouse_quality.fct_ad_event_records
    ),
    bridge AS
    (
        SELECT
            event_date,
            sum(events_gross) AS events_gross_total,
            sum(events_invalid_records) AS events_invalid_records_total,
            sum(events_general_invalid_traffic) AS events_general_invalid_traffic_total,
            sum(events_suspect_traffic) AS events_suspect_traffic_total,
            sum(events_billable) AS events_billable_total,
            sum(impressions_gross) AS impressions_gross_total,
            sum(impressions_invalid_records) AS impressions_invalid_records_total,
            sum(impressions_general_invalid_traffic) AS impressions_general_invalid_traffic_total,
            sum(impressions_suspect_traffic) AS impressions_suspect_traffic_total,
            sum(impressions_billable) AS impressions_billable_total,
            sum(clicks_gross) AS clicks_gross_total,
            sum(clicks_invalid_records) AS clicks_invalid_records_total,
            sum(clicks_general_invalid_traffic) AS clicks_general_invalid_traffic_total,
            sum(clicks_suspect_traffic) AS clicks_suspect_traffic_total,
            sum(clicks_billable) AS clicks_billable_total,
            sum(revenue_usd_gross) AS revenue_usd_gross_total,
            sum(revenue_usd_invalid_records) AS revenue_usd_invalid_records_total,
            sum(revenue_usd_general_invalid_traffic) AS revenue_usd_general_invalid_traffic_total,
            sum(revenue_usd_suspect_traffic) AS revenue_usd_suspect_traffic_total,
            sum(revenue_usd_billable) AS revenue_usd_billable_total,
            sum(revenue_usd_billable_not_settled) AS not_settled_total,
            sum(events_with_signals) AS signalled_count
        FROM duckhouse_quality.fct_ad_gross_to_billable_daily
        GROUP BY event_date
    ),
    errors AS
    (
        SELECT
            events.event_date AS event_date,
            count(*) AS error_count,
            sum(events.revenue_usd) AS error_revenue
        FROM duckhouse_marts.fct_ad_events AS events
        INNER JOIN
        (
            SELECT DISTINCT finding_key
            FROM duckhouse_quality.fct_dq_findings
            WHERE (source = 'ad_serving') AND (severity = 'error') AND is_open AND is_about_event
        ) AS errors ON events.event_id = errors.finding_key
        GROUP BY events.event_date
    ),
    final AS
    (
        SELECT
            CAST(bridge.event_date, 'Date32') AS event_date,
            CAST(bridge.event_date > last_delivery.delivery_date, 'Bool') AS is_after_last_delivery,
            CAST(bridge.events_gross_total, 'Int64') AS events_gross,
            CAST(bridge.events_invalid_records_total, 'Int64') AS events_invalid_records,
            CAST(bridge.events_general_invalid_traffic_total, 'Int64') AS events_general_invalid_traffic,
            CAST(bridge.events_suspect_traffic_total, 'Int64') AS events_suspect_traffic,
            CAST(bridge.events_billable_total, 'Int64') AS events_billable,
            CAST(bridge.impressions_gross_total, 'Int64') AS impressions_gross,
            CAST(bridge.impressions_invalid_records_total, 'Int64') AS impressions_invalid_records,
            CAST(bridge.impressions_general_invalid_traffic_total, 'Int64') AS impressions_general_invalid_traffic,
            CAST(bridge.impressions_suspect_traffic_total, 'Int64') AS impressions_suspect_traffic,
            CAST(bridge.impressions_billable_total, 'Int64') AS impressions_billable,
            CAST(bridge.clicks_gross_total, 'Int64') AS clicks_gross,
            CAST(bridge.clicks_invalid_records_total, 'Int64') AS clicks_invalid_records,
            CAST(bridge.clicks_general_invalid_traffic_total, 'Int64') AS clicks_general_invalid_traffic,
            CAST(bridge.clicks_suspect_traffic_total, 'Int64') AS clicks_suspect_traffic,
            CAST(bridge.clicks_billable_total, 'Int64') AS clicks_billable,
            CAST(bridge.revenue_usd_gross_total, 'Decimal(38, 6)') AS revenue_usd_gross,
            CAST(bridge.revenue_usd_invalid_records_total, 'Decimal(38, 6)') AS revenue_usd_invalid_records,
            CAST(bridge.revenue_usd_general_invalid_traffic_total, 'Decimal(38, 6)') AS revenue_usd_general_invalid_traffic,
            CAST(bridge.revenue_usd_suspect_traffic_total, 'Decimal(38, 6)') AS revenue_usd_suspect_traffic,
            CAST(bridge.revenue_usd_billable_total, 'Decimal(38, 6)') AS revenue_usd_billable,
            CAST(bridge.not_settled_total, 'Decimal(38, 6)') AS revenue_usd_billable_not_settled,
            CAST(bridge.signalled_count, 'Int64') AS events_with_signals,
            CAST(coalesce(errors.error_count, 0), 'Int64') AS events_in_open_errors,
            CAST(coalesce(errors.error_revenue, 0), 'Decimal(38, 6)') AS revenue_usd_in_open_errors,
            CAST(coalesce(scorecard.findings_error, 0), 'Int64') AS open_errors
        FROM bridge
        CROSS JOIN last_delivery
        LEFT JOIN errors ON bridge.event_date = errors.event_date
        LEFT JOIN duckhouse_quality.agg_dq_scorecard AS scorecard ON (bridge.event_date = scorecard.event_date) AND (scorecard.source = 'ad_serving')
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
