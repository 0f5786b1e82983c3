CREATE TABLE duckhouse_reporting.rpt_ad_serving_campaign_days
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `campaign_id` LowCardinality(Nullable(String)) COMMENT 'Key of the campaign as delivered; NULL when no ad was served.',
    `campaign_name` Nullable(String) COMMENT 'Display name of today; NULL where no delivery knows the campaign.',
    `advertiser_name` Nullable(String) COMMENT 'Display name of the advertiser today.',
    `is_after_last_delivery` Bool COMMENT 'Whether the day lies after the UTC day of the last delivery, so that its events have a clock that runs ahead.\n',
    `active_publishers` Int64 COMMENT 'Publishers with an event.',
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
    `revenue_usd_not_settled` Decimal(38, 6) COMMENT 'The part of revenue_usd whose latest record says NULL, so that a later delivery may take or change it.\n'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per UTC day and campaign: figures, with the name of the campaign and its advertiser of today; campaign_id is NULL for impressions that no campaign bought.\nFinance and publisher managers: which campaigns bring the revenue of a period, and what of it is not settled? What was first published is kept by publisher, so it is not here.\n'
