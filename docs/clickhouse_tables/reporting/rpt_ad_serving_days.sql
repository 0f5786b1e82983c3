CREATE TABLE duckhouse_reporting.rpt_ad_serving_days
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `is_after_last_delivery` Bool COMMENT 'Whether the day lies after the UTC day of the last delivery, so that its events have a clock that runs ahead.\n',
    `published_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the first delivery after the end of the day arrived, UTC; NULL where the day was not over yet.',
    `is_full_day` Bool COMMENT 'Whether the day was published and has at least half of the median impressions of published days. The file of a day carries the first minutes of the next, which is then published but not full.\n',
    `impressions` Int64 COMMENT 'Events of type impression, filled or not.',
    `filled_impressions` Int64 COMMENT 'Impressions for which an ad was served.',
    `clicks` Int64 COMMENT 'Events of type click.',
    `viewable_impressions` Int64 COMMENT 'Events of type viewable_impression.',
    `revenue_usd` Decimal(38, 6) COMMENT 'Gross revenue in US dollars, exact to the micro-dollar: the last known amount. A correction to NULL means "not settled" and keeps the amount before it.',
    `revenue_usd_as_delivered` Decimal(38, 6) COMMENT 'US dollars, exact to the micro-dollar: the amount of the latest delivery. NULL counts 0.',
    `revenue_usd_invalid_records` Decimal(38, 6) COMMENT 'The part of revenue_usd whose events are invalid as records (fct_ad_events.invalid_record_reason). Net of invalid records is revenue_usd less this;\nfct_ad_gross_to_billable_daily also deducts invalid traffic.',
    `fill_rate` Nullable(Float64) COMMENT 'filled_impressions / impressions; NULL without impressions.',
    `ctr` Nullable(Float64) COMMENT 'Clicks per ad shown: clicks / filled_impressions, not / impressions, because an unfilled impression shows no ad. NULL without filled impressions.',
    `viewability_rate` Nullable(Float64) COMMENT 'viewable_impressions / filled_impressions; NULL without filled impressions.',
    `revenue_usd_net_of_invalid_records` Decimal(38, 6) COMMENT 'revenue_usd less revenue_usd_invalid_records; invalid traffic is still in it.',
    `revenue_usd_first_published` Nullable(Decimal(38, 6)) COMMENT 'US dollars, last known amounts, as the first delivery after the end of the day left them; NULL before that.\n',
    `revenue_usd_restated` Decimal(38, 6) COMMENT 'US dollars by which later deliveries changed the published day; below 0 where they took.',
    `revenue_usd_restated_up` Decimal(38, 6) COMMENT 'The part of it that later deliveries added, by delivery and publisher.',
    `revenue_usd_restated_down` Decimal(38, 6) COMMENT 'The part of it that later deliveries took, 0 or less.',
    `restated_share` Nullable(Float64) COMMENT 'revenue_usd_restated / revenue_usd_first_published.',
    `restatements` Int64 COMMENT 'Deliveries that touched the day after it was published.',
    `events_late` Int64 COMMENT 'Events that no earlier delivery carried, of deliveries after the day was published.',
    `events_changed` Int64 COMMENT 'Events whose amount they changed.',
    `events_set_to_null` Int64 COMMENT 'Events whose amount they took back (not settled).',
    `events_reappeared` Int64 COMMENT 'Events that carry an amount again after NULL.',
    `events_moved_in` Int64 COMMENT 'Known events that came from another day or publisher.',
    `events_moved_out` Int64 COMMENT 'Events that went to another day or publisher.',
    `events_retracted` Int64 COMMENT 'Events whose last record came with a delivery that they took back.',
    `events_restored` Int64 COMMENT 'Events of it that count again as an earlier delivery had them.',
    `revenue_usd_before_last_delivery` Nullable(Decimal(38, 6)) COMMENT 'US dollars, last known amounts, before the last delivery with events; NULL where it brought the day.\n',
    `fill_rate_before_last_delivery` Nullable(Float64) COMMENT 'The fill rate before the last delivery with events.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per UTC day that a delivery touched: figures now, as first published and before the last delivery.\nFinance: how far is each day\'s revenue from what was first published, and why? Publisher managers: how did impressions, fill rate and revenue develop? First published revenue plus what was restated is the revenue now, to the micro-dollar; the columns up and down keep apart what rose and what fell. A day is published by the first delivery after it is over.\n'
