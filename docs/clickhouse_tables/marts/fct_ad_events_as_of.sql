CREATE VIEW duckhouse_marts.fct_ad_events_as_of
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `publisher_id` LowCardinality(Nullable(String)) COMMENT 'Key of the publisher as delivered; it may be missing from dim_publishers.',
    `publication` String COMMENT 'preliminary: delivered before the UTC day was over; first: the first delivery after it; restatement: every later one.',
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
    `superseded_by_delivery_id` Nullable(String) COMMENT 'The next delivery that touched the day of the publisher; NULL where these are the figures now.',
    `_delivery_id` String COMMENT 'The delivery after which the figures are these.',
    `_delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.',
    `_day_version` String COMMENT 'State of the deliveries behind the day, and of what joined dimensions say of it; a run rebuilds the days whose version differs\nfrom the parent model.'
)
COMMENT 'One row per event_date, publisher and delivery that touched them: the figures of the day as of that delivery.\nWhat was reported for a day after delivery N: the rows with _delivery_id <= N whose superseded_by_delivery_id is NULL or > N. superseded_by_delivery_id is NULL: the figures now, equal to fct_publisher_performance. Deliveries count in the order of their ids, so an older delivery that arrives late is inserted at its place; what a build really published before it came is in the snapshot snap_ad_serving__published_days.\n'
AS WITH
    figures AS
    (
        SELECT *
        FROM duckhouse_intermediate.int_ad_serving__figures_by_delivery
    ),
    final AS
    (
        SELECT
            event_date,
            publisher_id,
            CAST(publication, 'String') AS publication,
            CAST(impressions_after, 'Int64') AS impressions,
            CAST(filled_impressions_after, 'Int64') AS filled_impressions,
            CAST(clicks_after, 'Int64') AS clicks,
            CAST(viewable_impressions_after, 'Int64') AS viewable_impressions,
            CAST(revenue_usd_after, 'Decimal(38, 6)') AS revenue_usd,
            CAST(revenue_usd_as_delivered_after, 'Decimal(38, 6)') AS revenue_usd_as_delivered,
            CAST(revenue_usd_invalid_records_after, 'Decimal(38, 6)') AS revenue_usd_invalid_records,
            CAST(filled_impressions_after, 'Nullable(Float64)') / nullIf(CAST(impressions_after, 'Nullable(Float64)'), 0) AS fill_rate,
            CAST(clicks_after, 'Nullable(Float64)') / nullIf(CAST(filled_impressions_after, 'Nullable(Float64)'), 0) AS ctr,
            CAST(viewable_impressions_after, 'Nullable(Float64)') / nullIf(CAST(filled_impressions_after, 'Nullable(Float64)'), 0) AS viewability_rate,
            superseded_by_delivery_id,
            _delivery_id,
            _delivered_at,
            day_version AS _day_version
        FROM figures
    )
SELECT *
FROM final
