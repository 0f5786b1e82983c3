CREATE TABLE duckhouse_reporting.rpt_ad_serving_restatements
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `publisher_id` LowCardinality(Nullable(String)) COMMENT 'Key of the publisher as delivered; it may be missing from dim_publishers.',
    `publisher_name` Nullable(String) COMMENT 'Display name of today; NULL where no delivery knows the publisher.',
    `account_manager` Nullable(String) COMMENT 'Who looks after the publisher today.',
    `publication` String COMMENT 'preliminary: delivered before the UTC day was over; first: the first delivery after it; restatement: every later one.',
    `revenue_usd_before` Nullable(Decimal(38, 6)) COMMENT 'US dollars, last known amounts, before the delivery.',
    `revenue_usd_after` Decimal(38, 6) COMMENT 'US dollars, last known amounts, after the delivery.',
    `revenue_usd_difference` Nullable(Decimal(38, 6)) COMMENT 'US dollars, last known amounts, that the delivery added or took.',
    `revenue_usd_as_delivered_before` Nullable(Decimal(38, 6)) COMMENT 'US dollars, NULL counting 0, before the delivery.',
    `revenue_usd_as_delivered_after` Decimal(38, 6) COMMENT 'US dollars, NULL counting 0, after the delivery.',
    `revenue_usd_as_delivered_difference` Nullable(Decimal(38, 6)) COMMENT 'US dollars, NULL counting 0, that the delivery added or took.',
    `events_late` Nullable(Int64) COMMENT 'Events that no earlier delivery carried.',
    `events_changed` Nullable(Int64) COMMENT 'Events whose amount became another.',
    `events_set_to_null` Nullable(Int64) COMMENT 'Events whose amount was taken back (not settled); they change the revenue as delivered only.',
    `events_reappeared` Nullable(Int64) COMMENT 'Events that carry an amount again after NULL.',
    `events_moved_in` Nullable(Int64) COMMENT 'Known events that came from another day or publisher.',
    `events_moved_out` Nullable(Int64) COMMENT 'Events that went to another day or publisher.',
    `events_retracted` Nullable(Int64) COMMENT 'Events whose last record came with the delivery that this one takes back.',
    `events_restored` Nullable(Int64) COMMENT 'Events of it that count again as an earlier delivery had them.',
    `retracted_delivery_id` Nullable(String) COMMENT 'The delivery that this one takes back; NULL of a delivery that brings records.',
    `retraction_reason` Nullable(String) COMMENT 'Why it was taken back.',
    `delivery_id` String COMMENT 'The delivery; deliveries count in the order of their ids.',
    `delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per UTC day, publisher and delivery that touched them: the revenue before and after it, and which events moved it.\nFinance: why did the revenue of a day change after it was published? Read down a publisher: the delivery with publication first published the day, each restatement took it from before to after, and the last row has the revenue now. Amounts before, differences and events are NULL where the delivery restated nothing. dbt show --select why_a_day_changed asks it for one day.\n'
