CREATE TABLE duckhouse_marts.fct_ad_delivery_daily
(
    `campaign_id` Nullable(Int64) COMMENT 'Key of the campaign; NULL where the row of the database has none.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `campaign_version_id` Nullable(String) COMMENT 'The version in dim_ad_delivery_campaigns_history that held at the end of the day; NULL where the campaign is not known.',
    `impressions` Int64 COMMENT 'Impressions that exist now.',
    `clicks` Int64 COMMENT 'Clicks that exist now.',
    `ctr` Nullable(Float64) COMMENT 'Clicks per ad shown: clicks / impressions, because this system has an impression only where an ad was shown. NULL without impressions; above 1 where clicks outnumber impressions.',
    `bid_usd` Nullable(Decimal(38, 6)) COMMENT 'Price of 1,000 impressions in US dollars; NULL if the database holds NaN.',
    `spend_usd` Decimal(38, 6) COMMENT 'US dollars, exact to the micro-dollar: impressions x bid_usd / 1,000.',
    `spend_usd_to_date` Decimal(38, 6) COMMENT 'US dollars spent on all days of the campaign up to this one, each at its own bid.',
    `budget_usd` Nullable(Decimal(38, 6)) COMMENT 'Budget of the flight in US dollars; NULL if the database holds NaN.',
    `budget_left_usd` Nullable(Decimal(38, 6)) COMMENT 'budget_usd less spend_usd_to_date; below 0 where the budget is overspent.',
    `is_in_flight` Bool COMMENT 'Whether the day lies in the flight; false where no flight is known.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per campaign and UTC day: each day of the flight of a campaign that is not deleted, until the last known day, and every other day with impressions or clicks.\nThe bid, budget and flight are those of the version that held at the end of the day, the first version for days before it. A day without activity has zeros and no CTR. Impressions of no known campaign cost 0. Rebuilt whole, because a change of a campaign that arrives late reprices its days.\n'
