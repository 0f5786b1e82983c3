CREATE TABLE duckhouse_reporting.rpt_ad_serving_invoices
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
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per publisher and month of its own days: its invoice, from gross to billable revenue.\nFinance: what do we owe each publisher? Pay where can_be_billed is yes: the month is over, and no open error says that prices of the publisher may be in another unit. A later delivery may still take or change what is not settled. Built with the rules.\n'
