CREATE TABLE duckhouse_quality.fct_ad_invalid_traffic
(
    `event_id` String COMMENT 'UUID of the event, trimmed and in lower case.',
    `event_type` LowCardinality(Nullable(String)) COMMENT 'impression, click or viewable_impression; other spellings are kept as delivered, in lower case.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `publisher_id` LowCardinality(Nullable(String)) COMMENT 'Key of the publisher as delivered; it may be missing from dim_publishers.',
    `campaign_id` LowCardinality(Nullable(String)) COMMENT 'Key of the campaign as delivered; NULL when no ad was served.',
    `traffic_class` String COMMENT 'general_invalid where a list or a parameter tells, suspect where sophisticated signals add up to var suspect_score, which no signal reaches alone; else conspicuous, which counts as valid.\n',
    `score` Int64 COMMENT 'Sum of the points of its signals.',
    `parts` String COMMENT 'Its signals, each with its points, sorted.',
    `revenue_usd` Decimal(38, 6) COMMENT 'Gross revenue in US dollars, exact to the micro-dollar: the last known amount. A correction to NULL means "not settled" and keeps the amount before it.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per event that carries a signal of invalid traffic, with its class, its score and the parts of it. Nothing is taken out of other marts: fct_ad_gross_to_billable_daily takes it off, after invalid records.\n'
