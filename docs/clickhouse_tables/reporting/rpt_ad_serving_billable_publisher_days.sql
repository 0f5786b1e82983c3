CREATE VIEW duckhouse_reporting.rpt_ad_serving_billable_publisher_days
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `event_month` Date32 COMMENT 'First day of the month of event_date.',
    `reporting_date` Date32 COMMENT 'Day of event_at in the publisher\'s own time zone; the UTC day where none is known.',
    `publisher_id` LowCardinality(Nullable(String)) COMMENT 'Key of the publisher as delivered; it may be missing from dim_publishers.',
    `publisher_name` Nullable(String) COMMENT 'Display name of today; NULL where no delivery knows the publisher.',
    `account_manager` Nullable(String) COMMENT 'Who looks after the publisher today.',
    `timezone` Nullable(String) COMMENT 'IANA time zone that decides the reporting day.',
    `events_gross` Int64 COMMENT 'Events, all of them.',
    `events_invalid_records` Int64 COMMENT 'Events that are invalid as records (invalid_record_reason of fct_ad_events).',
    `events_general_invalid_traffic` Int64 COMMENT 'Events that are general invalid traffic (GIVT) and whose record is valid.',
    `events_suspect_traffic` Int64 COMMENT 'Events that are suspect traffic and whose record is valid.',
    `events_billable` Int64 COMMENT 'Events of valid records and valid traffic.',
    `revenue_usd_gross` Decimal(38, 6) COMMENT 'US dollars, last known amounts of all events.',
    `revenue_usd_invalid_records` Decimal(38, 6) COMMENT 'US dollars of events that are invalid as records.',
    `revenue_usd_general_invalid_traffic` Decimal(38, 6) COMMENT 'US dollars of general invalid traffic (GIVT) whose record is valid.',
    `revenue_usd_suspect_traffic` Decimal(38, 6) COMMENT 'US dollars of suspect traffic whose record is valid.',
    `revenue_usd_billable` Decimal(38, 6) COMMENT 'US dollars of valid records and valid traffic.',
    `revenue_usd_billable_not_settled` Decimal(38, 6) COMMENT 'The part of revenue_usd_billable whose latest record says NULL, so that a later delivery may take or change it.\n',
    `events_in_open_errors` Int64 COMMENT 'Events with an open error of their own, each once, whichever step takes them off.',
    `revenue_usd_in_open_errors` Decimal(38, 6) COMMENT 'The part of revenue_usd_gross that these events carry.'
)
COMMENT 'One row per UTC day, publisher\'s own day and publisher: the bridge from gross to billable, and what of it is in open errors.\nFinance: what may each publisher be paid? Sum over event_date for UTC days, over reporting_date for the publisher\'s own. gross - invalid records - general invalid traffic - suspect traffic = billable; an event is taken off once, by the first step that it meets. Built with the rules.\n'
AS WITH
    bridge AS
    (
        SELECT
            event_date,
            reporting_date,
            publisher_id,
            sum(events_gross) AS events_gross_total,
            sum(events_invalid_records) AS events_invalid_records_total,
            sum(events_general_invalid_traffic) AS events_general_invalid_traffic_total,
            sum(events_suspect_traffic) AS events_suspect_traffic_total,
            sum(events_billable) AS events_billable_total,
            sum(revenue_usd_gross) AS revenue_usd_gross_total,
            sum(revenue_usd_invalid_records) AS revenue_usd_invalid_records_total,
            sum(revenue_usd_general_invalid_traffic) AS revenue_usd_general_invalid_traffic_total,
            sum(revenue_usd_suspect_traffic) AS revenue_usd_suspect_traffic_total,
            sum(revenue_usd_billable) AS revenue_usd_billable_total,
            sum(revenue_usd_billable_not_settled) AS not_settled_total
        FROM duckhouse_quality.fct_ad_gross_to_billable_daily
        GROUP BY
            event_date,
            reporting_date,
            publisher_id
    ),
    errors AS
    (
        SELECT
            events.event_date AS event_date,
            events.reporting_date AS reporting_date,
            events.publisher_id AS publisher_id,
            count(*) AS error_count,
            sum(events.revenue_usd) AS error_revenue
        FROM duckhouse_marts.fct_ad_events AS events
        INNER JOIN
        (
            SELECT DISTINCT finding_key
            FROM duckhouse_quality.fct_dq_findings
            WHERE (source = 'ad_serving') AND (severity = 'error') AND is_open AND is_about_event
        ) AS errors ON events.event_id = errors.finding_key
        GROUP BY
            events.event_date,
            events.reporting_date,
            events.publisher_id
    ),
    final AS
    (
        SELECT
            CAST(bridge.event_date, 'Date32') AS event_date,
            CAST(concat(substring(CAST(bridge.event_date, 'String'), 1, 7), '-01'), 'Date32') AS event_month,
            CAST(bridge.reporting_date, 'Date32') AS reporting_date,
            bridge.publisher_id AS publisher_id,
            publishers.publisher_name AS publisher_name,
            publishers.account_manager AS account_manager,
            publishers.timezone AS timezone,
            CAST(bridge.events_gross_total, 'Int64') AS events_gross,
            CAST(bridge.events_invalid_records_total, 'Int64') AS events_invalid_records,
            CAST(bridge.events_general_invalid_traffic_total, 'Int64') AS events_general_invalid_traffic,
            CAST(bridge.events_suspect_traffic_total, 'Int64') AS events_suspect_traffic,
            CAST(bridge.events_billable_total, 'Int64') AS events_billable,
            CAST(bridge.revenue_usd_gross_total, 'Decimal(38, 6)') AS revenue_usd_gross,
            CAST(bridge.revenue_usd_invalid_records_total, 'Decimal(38, 6)') AS revenue_usd_invalid_records,
            CAST(bridge.revenue_usd_general_invalid_traffic_total, 'Decimal(38, 6)') AS revenue_usd_general_invalid_traffic,
            CAST(bridge.revenue_usd_suspect_traffic_total, 'Decimal(38, 6)') AS revenue_usd_suspect_traffic,
            CAST(bridge.revenue_usd_billable_total, 'Decimal(38, 6)') AS revenue_usd_billable,
            CAST(bridge.not_settled_total, 'Decimal(38, 6)') AS revenue_usd_billable_not_settled,
            CAST(coalesce(errors.error_count, 0), 'Int64') AS events_in_open_errors,
            CAST(coalesce(errors.error_revenue, 0), 'Decimal(38, 6)') AS revenue_usd_in_open_errors
        FROM bridge
        LEFT JOIN errors ON (bridge.event_date = errors.event_date) AND (bridge.reporting_date = errors.reporting_date) AND (bridge.publisher_id <=> errors.publisher_id)
        LEFT JOIN duckhouse_marts.dim_publishers AS publishers ON bridge.publisher_id = publishers.publisher_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
