CREATE TABLE duckhouse_marts.fct_ad_events
(
    `event_id` String COMMENT 'UUID of the event, trimmed and in lower case.',
    `event_type` LowCardinality(Nullable(String)) COMMENT 'impression, click or viewable_impression; other spellings are kept as delivered, in lower case.',
    `publisher_id` LowCardinality(Nullable(String)) COMMENT 'Key of the publisher as delivered; it may be missing from dim_publishers.',
    `ad_unit_id` LowCardinality(Nullable(String)) COMMENT 'Key of the ad unit as delivered; it may be missing from dim_ad_units.',
    `campaign_id` LowCardinality(Nullable(String)) COMMENT 'Key of the campaign as delivered; NULL when no ad was served.',
    `advertiser_id` LowCardinality(Nullable(String)) COMMENT 'Key of the advertiser as delivered; NULL when no ad was served.',
    `device_type` LowCardinality(Nullable(String)) COMMENT 'desktop, mobile, tablet or ctv, in lower case.',
    `browser` LowCardinality(Nullable(String)) COMMENT 'Browser family, or the player on ctv.',
    `site_domain` LowCardinality(Nullable(String)) COMMENT 'Domain on which the event happened, in lower case.',
    `country_code` LowCardinality(Nullable(String)) COMMENT 'ISO 3166 alpha-2 country in upper case, whichever of the three shapes of geography delivered it.',
    `region` LowCardinality(Nullable(String)) COMMENT 'Subdivision of the country in upper case.',
    `city` LowCardinality(Nullable(String)) COMMENT 'City, where the delivery carries one.',
    `revenue_usd` Decimal(38, 6) COMMENT 'Gross revenue in US dollars, exact to the micro-dollar: the last known amount. A correction to NULL means "not settled" and keeps the amount before it.',
    `revenue_usd_delivery_id` LowCardinality(Nullable(String)) COMMENT 'The delivery that said revenue_usd, which a later one without an amount leaves; NULL where none did.',
    `revenue_usd_as_delivered` Decimal(38, 6) COMMENT 'US dollars, exact to the micro-dollar: the amount of the latest delivery. NULL counts 0.',
    `bid_floor_usd` Nullable(Decimal(38, 6)) COMMENT 'Lowest price in US dollars at which the placement was offered.',
    `placement_quality_score` Nullable(Decimal(38, 6)) COMMENT 'Quality of the placement, 0 to 1; NULL where the export does not carry it.',
    `is_filled` Nullable(Bool) COMMENT 'Whether an ad was served; NULL where the delivery does not say.',
    `is_settled` Bool COMMENT 'Whether the latest delivery of the event carries an amount.',
    `is_corrected` Bool COMMENT 'Whether a later delivery replaced the first record of the event.',
    `has_unparsable_revenue` Bool COMMENT 'Whether the record carries a revenue that is not a number; it counts as NULL.',
    `invalid_record_reason` LowCardinality(Nullable(String)) COMMENT 'Why the event is invalid as a record, so that its revenue cannot be billed as it is: unknown_event_type, negative_revenue or revenue_on_unfilled; NULL where it can.',
    `record_count` Int64 COMMENT 'Landed records of the event, corrections and duplicates included.',
    `event_at` DateTime64(6, 'UTC') COMMENT 'When it happened, UTC, microseconds.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `reporting_date` Date32 COMMENT 'Day of event_at in the publisher\'s own time zone; the UTC day where none is known.',
    `first_delivery_id` LowCardinality(String) COMMENT 'Delivery that brought the event first.',
    `_delivery_id` LowCardinality(String) COMMENT 'Delivery of the record that is shown.',
    `_source_file` LowCardinality(String) COMMENT 'File of the record, relative to its drop.',
    `_source_row` Int64 COMMENT 'Line (text files) or row (Parquet) of the record in its file, from 1.',
    `_day_version` LowCardinality(String) COMMENT 'State of the deliveries behind the day, and of what joined dimensions say of it; a run rebuilds the days whose version differs\nfrom the parent model.',
    INDEX by_event_id event_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_reporting_date reporting_date TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY (toYYYYMMDD(event_date))
ORDER BY (publisher_id, event_at)
SETTINGS allow_nullable_key = 1, default_compression_codec = 'ZSTD(1)', index_granularity = 1024, replicated_deduplication_window = '0'
COMMENT 'One row per event_id: the latest state of every ad event, with what its earlier records said about revenue.\nRows come from stg_ad_serving__events. The record of the latest delivery wins, then the last file, then the last row, so the order in which deliveries arrive does not matter. Records without an id or a readable time are set aside (fct_ad_events_set_aside) and replace nothing. Events of publishers, ad units or campaigns that no dimension knows stay. A new delivery rewrites the days that any of its events was ever seen on, and only those.\n'
