CREATE VIEW duckhouse_reporting.rpt_ad_serving_invoices
(
    `reporting_month` Date32 COMMENT 'First day of the month, of days in the publisher\'s own time zone.',
    `publisher_id` LowCardinality(Nullable(String)) COMMENT 'Key of the publisher as delivered; it may be missing from dim_publishers.',
    `publisher_name` Nullable(String) COMMENT 'Display name of today; NULL where no delivery knows the publisher.',
    `account_manager` Nullable(String) COMMENT 'Who looks after the publisher today.',
    `timezone` Nullable(String) COMMENT 'IANA time zone that decides the reporting day.',
    `is_over` Bool COMMENT 'Whether the latest delivery came after the month had ended in every time zone.',
    `days_with_events` Int64 COMMENT 'Days of the month with an event.',
    `days_in_month` Int64 COMMENT 'Days that the month has; with fewer days_with_events it was not delivered as a whole.',
    `can_be_billed` String COMMENT 'yes; waits, where an open error is about prices of the month; not over, where is_over is false.',
    `revenue_usd_gross` Decimal(38, 6) COMMENT 'US dollars, last known amounts of all events.',
    `revenue_usd_invalid_records` Decimal(38, 6) COMMENT 'US dollars of events that are invalid as records.',
    `revenue_usd_general_invalid_traffic` Decimal(38, 6) COMMENT 'US dollars of general invalid traffic (GIVT) whose record is valid.',
    `revenue_usd_suspect_traffic` Decimal(38, 6) COMMENT 'US dollars of suspect traffic whose record is valid.',
    `revenue_usd_billable` Decimal(38, 6) COMMENT 'US dollars of valid records and valid traffic.',
    `revenue_usd_billable_not_settled` Decimal(38, 6) COMMENT 'The part of revenue_usd_billable whose latest record says NULL, so that a later delivery may take or change it.\n',
    `revenue_usd_in_open_errors` Decimal(38, 6) COMMENT 'The part of revenue_usd_gross that these events carry.',
    `open_price_errors` Int64 COMMENT 'Open errors about prices of the publisher in the month (rpt_ad_serving_price_errors): amounts may be in another unit.\n',
    `revenue_usd_in_price_errors` Decimal(38, 6) COMMENT 'US dollars by which these prices are above or below the usual ones. Errors about the same events add up.\n'
)
COMMENT 'One row per publisher and month of its own days: its invoice, from gross to billable revenue.\nFinance: what do we owe each publisher? Pay where can_be_billed is yes: the month is over, and no open error says that prices of the publisher may be in another unit. A later delivery may still take or change what is not settled. Built with the rules.\n'
AS WITH
    last_delivery AS
    (
        SELECT max(_delivered_at) AS delivered_at
        FROM duckhouse_quality.fct_ad_event_records
    ),
    months AS
    (
        SELECT
            publisher_id,
            CAST(concat(substring(CAST(reporting_date, 'String'), 1, 7), '-01'), 'Date32') AS first_of_month,
            max(publisher_name) AS name_of_publisher,
            max(account_manager) AS manager,
            max(timezone) AS time_zone,
            countDistinct(reporting_date) AS day_count,
            sum(revenue_usd_gross) AS revenue_usd_gross_total,
            sum(revenue_usd_invalid_records) AS revenue_usd_invalid_records_total,
            sum(revenue_usd_general_invalid_traffic) AS revenue_usd_general_invalid_traffic_total,
            sum(revenue_usd_suspect_traffic) AS revenue_usd_suspect_traffic_total,
            sum(revenue_usd_billable) AS revenue_usd_billable_total,
            sum(revenue_usd_billable_not_settled) AS not_settled_total,
            sum(revenue_usd_in_open_errors) AS in_errors_total
        FROM duckhouse_reporting.rpt_ad_serving_billable_publisher_days
        GROUP BY
            publisher_id,
            CAST(concat(substring(CAST(reporting_date, 'String'), 1, 7), '-01'), 'Date32')
    ),
    price_errors AS
    (
        SELECT
            publisher_id AS doubted_publisher,
            reporting_month AS doubted_month,
            count(*) AS error_count,
            sum(revenue_usd_in_doubt) AS doubted_revenue
        FROM duckhouse_reporting.rpt_ad_serving_price_errors
        GROUP BY
            publisher_id,
            reporting_month
    ),
    judged AS
    (
        SELECT
            months.*,
            coalesce(price_errors.error_count, 0) AS price_error_count,
            coalesce(price_errors.doubted_revenue, 0) AS doubted_revenue,
            last_delivery.delivered_at >= ((CAST(months.first_of_month, 'DateTime64(6, \'UTC\')') + toIntervalMonth(1)) + toIntervalHour(12)) AS has_ended
        FROM months
        CROSS JOIN last_delivery
        LEFT JOIN price_errors ON (months.publisher_id = price_errors.doubted_publisher) AND (months.first_of_month = price_errors.doubted_month)
    ),
    final AS
    (
        SELECT
            first_of_month AS reporting_month,
            publisher_id AS publisher_id,
            name_of_publisher AS publisher_name,
            manager AS account_manager,
            time_zone AS timezone,
            CAST(has_ended, 'Bool') AS is_over,
            CAST(day_count, 'Int64') AS days_with_events,
            CAST(dateDiff('day', first_of_month, CAST(first_of_month + toIntervalMonth(1), 'Date32')), 'Int64') AS days_in_month,
            CAST(multiIf(NOT has_ended, 'not over', price_error_count > 0, 'waits', 'yes'), 'String') AS can_be_billed,
            CAST(revenue_usd_gross_total, 'Decimal(38, 6)') AS revenue_usd_gross,
            CAST(revenue_usd_invalid_records_total, 'Decimal(38, 6)') AS revenue_usd_invalid_records,
            CAST(revenue_usd_general_invalid_traffic_total, 'Decimal(38, 6)') AS revenue_usd_general_invalid_traffic,
            CAST(revenue_usd_suspect_traffic_total, 'Decimal(38, 6)') AS revenue_usd_suspect_traffic,
            CAST(revenue_usd_billable_total, 'Decimal(38, 6)') AS revenue_usd_billable,
            CAST(not_settled_total, 'Decimal(38, 6)') AS revenue_usd_billable_not_settled,
            CAST(in_errors_total, 'Decimal(38, 6)') AS revenue_usd_in_open_errors,
            CAST(price_error_count, 'Int64') AS open_price_errors,
            CAST(doubted_revenue, 'Decimal(38, 6)') AS revenue_usd_in_price_errors
        FROM judged
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
