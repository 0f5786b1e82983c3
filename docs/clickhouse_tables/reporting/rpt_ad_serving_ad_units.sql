CREATE TABLE duckhouse_reporting.rpt_ad_serving_ad_units
(
    `ad_unit_id` String COMMENT 'Key of the ad unit as delivered; it may be missing from dim_ad_units.',
    `ad_unit_name` Nullable(String) COMMENT 'Display name; NULL where no delivery knows the ad unit.',
    `publisher_id` Nullable(String) COMMENT 'The publisher to which the ad unit belongs today.',
    `publisher_name` Nullable(String) COMMENT 'Display name of today; NULL where no delivery knows the publisher.',
    `ad_format` Nullable(String) COMMENT 'Format of today.',
    `is_active` Nullable(Bool) COMMENT 'Whether the sender says that it is active.',
    `first_day_served` Nullable(Date32) COMMENT 'First UTC day with an impression.',
    `last_day_served` Nullable(Date32) COMMENT 'Last UTC day with an impression.',
    `days_silent` Nullable(Int64) COMMENT 'Days without an impression after that, up to the last full day (rpt_ad_serving_days.is_full_day).',
    `impressions_missed` Nullable(Float64) COMMENT 'impressions x days_silent / days from the first to the last.',
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
    `revenue_usd_net_of_invalid_records` Decimal(38, 6) COMMENT 'revenue_usd less revenue_usd_invalid_records; invalid traffic is still in it.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per ad unit with an event up to the last full day: when it served, what it showed and what it earned.\nAd ops: which ad units served before and have stopped (where days_silent > 0)? impressions_missed is what the ad unit would have shown at its average of the days up to its last: the higher, the less it is chance. One that is not active stopped on purpose.\n'
