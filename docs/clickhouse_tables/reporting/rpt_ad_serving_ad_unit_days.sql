CREATE VIEW duckhouse_reporting.rpt_ad_serving_ad_unit_days
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `ad_unit_id` String COMMENT 'Key of the ad unit as delivered; it may be missing from dim_ad_units.',
    `ad_unit_name` Nullable(String) COMMENT 'Display name; NULL where no delivery knows the ad unit.',
    `publisher_id` Nullable(String) COMMENT 'The publisher to which the ad unit belongs today.',
    `publisher_name` Nullable(String) COMMENT 'Display name of today; NULL where no delivery knows the publisher.',
    `ad_format` Nullable(String) COMMENT 'Format of today.',
    `is_active` Nullable(Bool) COMMENT 'Whether the sender says that it is active.',
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
COMMENT 'One row per UTC day and ad unit: figures, with the names of today.\nPublisher managers and ad ops: which ad units are filled, seen and clicked less than in the period before?\n'
AS WITH
    sums AS
    (
        SELECT
            event_date,
            ad_unit_id,
            sum(impressions) AS impressions_total,
            sum(filled_impressions) AS filled_impressions_total,
            sum(clicks) AS clicks_total,
            sum(viewable_impressions) AS viewable_impressions_total,
            sum(revenue_usd) AS revenue_usd_total,
            sum(revenue_usd_as_delivered) AS revenue_usd_as_delivered_total,
            sum(revenue_usd_invalid_records) AS revenue_usd_invalid_records_total
        FROM duckhouse_marts.fct_ad_events_daily
        WHERE ad_unit_id IS NOT NULL
        GROUP BY
            event_date,
            ad_unit_id
    ),
    final AS
    (
        SELECT
            sums.event_date AS event_date,
            CAST(sums.ad_unit_id, 'String') AS ad_unit_id,
            ad_units.ad_unit_name AS ad_unit_name,
            ad_units.publisher_id AS publisher_id,
            publishers.publisher_name AS publisher_name,
            ad_units.ad_format AS ad_format,
            ad_units.is_active AS is_active,
            CAST(impressions_total, 'Int64') AS impressions,
            CAST(filled_impressions_total, 'Int64') AS filled_impressions,
            CAST(clicks_total, 'Int64') AS clicks,
            CAST(viewable_impressions_total, 'Int64') AS viewable_impressions,
            CAST(revenue_usd_total, 'Decimal(38, 6)') AS revenue_usd,
            CAST(revenue_usd_as_delivered_total, 'Decimal(38, 6)') AS revenue_usd_as_delivered,
            CAST(revenue_usd_invalid_records_total, 'Decimal(38, 6)') AS revenue_usd_invalid_records,
            CAST(filled_impressions_total, 'Nullable(Float64)') / nullIf(CAST(impressions_total, 'Nullable(Float64)'), 0) AS fill_rate,
            CAST(clicks_total, 'Nullable(Float64)') / nullIf(CAST(filled_impressions_total, 'Nullable(Float64)'), 0) AS ctr,
            CAST(viewable_impressions_total, 'Nullable(Float64)') / nullIf(CAST(filled_impressions_total, 'Nullable(Float64)'), 0) AS viewability_rate,
            CAST(revenue_usd_total - revenue_usd_invalid_records_total, 'Decimal(38, 6)') AS revenue_usd_net_of_invalid_records
        FROM sums
        LEFT JOIN duckhouse_marts.dim_ad_units AS ad_units ON sums.ad_unit_id = ad_units.ad_unit_id
        LEFT JOIN duckhouse_marts.dim_publishers AS publishers ON ad_units.publisher_id = publishers.publisher_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
