CREATE TABLE duckhouse_quality.fct_ad_gross_to_billable_daily
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `reporting_date` Date32 COMMENT 'Day of event_at in the publisher\'s own time zone; the UTC day where none is known.',
    `publisher_id` LowCardinality(Nullable(String)) COMMENT 'Key of the publisher as delivered; it may be missing from dim_publishers.',
    `events_gross` Int64 COMMENT 'All events.',
    `events_invalid_records` Int64 COMMENT 'Events that are invalid as records (invalid_record_reason of fct_ad_events).',
    `events_general_invalid_traffic` Int64 COMMENT 'Events that are general invalid traffic (GIVT) and whose record is valid.',
    `events_suspect_traffic` Int64 COMMENT 'Events that are suspect traffic and whose record is valid.',
    `events_billable` Int64 COMMENT 'Events of valid records and valid traffic: what the steps leave of gross.',
    `events_invalid_records_and_general_invalid_traffic` Int64 COMMENT 'The part of events_invalid_records that is general invalid traffic as well.',
    `events_invalid_records_and_suspect_traffic` Int64 COMMENT 'The part of events_invalid_records that is suspect traffic as well.',
    `impressions_gross` Int64 COMMENT 'Impressions, filled or not.',
    `impressions_invalid_records` Int64 COMMENT 'Impressions that are invalid as records (invalid_record_reason of fct_ad_events).',
    `impressions_general_invalid_traffic` Int64 COMMENT 'Impressions that are general invalid traffic (GIVT) and whose record is valid.',
    `impressions_suspect_traffic` Int64 COMMENT 'Impressions that are suspect traffic and whose record is valid.',
    `impressions_billable` Int64 COMMENT 'Impressions of valid records and valid traffic: what the steps leave of gross.',
    `impressions_invalid_records_and_general_invalid_traffic` Int64 COMMENT 'The part of impressions_invalid_records that is general invalid traffic as well.',
    `impressions_invalid_records_and_suspect_traffic` Int64 COMMENT 'The part of impressions_invalid_records that is suspect traffic as well.',
    `clicks_gross` Int64 COMMENT 'All clicks.',
    `clicks_invalid_records` Int64 COMMENT 'Clicks that are invalid as records (invalid_record_reason of fct_ad_events).',
    `clicks_general_invalid_traffic` Int64 COMMENT 'Clicks that are general invalid traffic (GIVT) and whose record is valid.',
    `clicks_suspect_traffic` Int64 COMMENT 'Clicks that are suspect traffic and whose record is valid.',
    `clicks_billable` Int64 COMMENT 'Clicks of valid records and valid traffic: what the steps leave of gross.',
    `clicks_invalid_records_and_general_invalid_traffic` Int64 COMMENT 'The part of clicks_invalid_records that is general invalid traffic as well.',
    `clicks_invalid_records_and_suspect_traffic` Int64 COMMENT 'The part of clicks_invalid_records that is suspect traffic as well.',
    `revenue_usd_gross` Decimal(38, 6) COMMENT 'US dollars, last known amounts of all events.',
    `revenue_usd_invalid_records` Decimal(38, 6) COMMENT 'US dollars of events that are invalid as records (invalid_record_reason of fct_ad_events).',
    `revenue_usd_general_invalid_traffic` Decimal(38, 6) COMMENT 'US dollars of general invalid traffic (GIVT) whose record is valid.',
    `revenue_usd_suspect_traffic` Decimal(38, 6) COMMENT 'US dollars of suspect traffic whose record is valid.',
    `revenue_usd_billable` Decimal(38, 6) COMMENT 'US dollars of valid records and valid traffic: what the steps leave of gross.',
    `revenue_usd_invalid_records_and_general_invalid_traffic` Decimal(38, 6) COMMENT 'The part of revenue_usd_invalid_records that is general invalid traffic as well.',
    `revenue_usd_invalid_records_and_suspect_traffic` Decimal(38, 6) COMMENT 'The part of revenue_usd_invalid_records that is suspect traffic as well.',
    `revenue_usd_billable_not_settled` Decimal(38, 6) COMMENT 'The part of revenue_usd_billable whose latest record says NULL, so that a later delivery may still take or change it.',
    `events_with_signals` Int64 COMMENT 'Events with any signal of invalid traffic, also where their score stays below var suspect_score.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per UTC day, publisher\'s day and publisher: the bridge from gross to billable, for events, impressions, clicks and revenue. Key: event_date, reporting_date, publisher_id.\ngross - invalid_records - general_invalid_traffic - suspect_traffic = billable. Each event is taken off by the first step that it meets, in this order, so by one only. Gross and invalid_records equal the sums of fct_ad_events_daily. An event that is an invalid record and invalid traffic is in invalid_records, and again in an invalid_records_and_… column: general_invalid_traffic + invalid_records_and_general_invalid_traffic is all general invalid traffic of fct_ad_invalid_traffic, and so for suspect traffic. From fct_ad_events and fct_ad_invalid_traffic; rebuilt whole, because a rule may judge an old event again.\n'
