CREATE TABLE duckhouse_marts.fct_campaign_performance
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `campaign_id` LowCardinality(Nullable(String)) COMMENT 'Key of the campaign as delivered; NULL when no ad was served.',
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
    `_day_version` String COMMENT 'State of the deliveries behind the day, and of what joined dimensions say of it; a run rebuilds the days whose version differs\nfrom the parent model.'
)
ENGINE = MergeTree
PARTITION BY (toYYYYMMDD(event_date))
ORDER BY (campaign_id)
SETTINGS allow_nullable_key = 1, default_compression_codec = 'ZSTD(1)', index_granularity = 1024, replicated_deduplication_window = '0'
COMMENT 'One row per campaign and event_date; campaign_id is NULL for impressions that no campaign bought.\nSums of fct_ad_events_daily; rates are made from the sums, never averaged.\n'
