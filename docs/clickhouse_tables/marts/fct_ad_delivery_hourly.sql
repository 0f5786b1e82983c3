CREATE TABLE duckhouse_marts.fct_ad_delivery_hourly
(
    `campaign_id` Nullable(Int64) COMMENT 'Key of the campaign; NULL where the row of the database has none.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `hour` Int64 COMMENT 'Hour of the day in UTC, 0 to 23.',
    `impressions` Int64 COMMENT 'Impressions that exist now.',
    `clicks` Int64 COMMENT 'Clicks that exist now.',
    `_day_version` LowCardinality(String) COMMENT 'State of the deliveries behind the day, and of what joined dimensions say of it; a run rebuilds the days whose version differs\nfrom the parent model.'
)
ENGINE = MergeTree
PARTITION BY (toYYYYMMDD(event_date))
ORDER BY (campaign_id, hour)
SETTINGS allow_nullable_key = 1, default_compression_codec = 'ZSTD(1)', index_granularity = 1024, replicated_deduplication_window = '0'
COMMENT 'One row per campaign, event_date and hour (UTC) with impressions or clicks: those that exist now.\nThe newest record of an id counts, and only where it is no deletion: an event that was moved counts where it is now. Events without campaign are a group of their own; events without a time are in fct_ad_delivery_set_aside. A day is rebuilt whole when a delivery touches it.\n'
