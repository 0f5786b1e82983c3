CREATE TABLE duckhouse_reporting.rpt_ad_serving_billable_publisher_days
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
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per UTC day, publisher\'s own day and publisher: the bridge from gross to billable, and what of it is in open errors.\nFinance: what may each publisher be paid? Sum over event_date for UTC days, over reporting_date for the publisher\'s own. gross - invalid records - general invalid traffic - suspect traffic = billable; an event is taken off once, by the first step that it meets. Built with the rules.\n'
