CREATE VIEW duckhouse_reporting.rpt_ad_serving_ad_units
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
COMMENT 'One row per ad unit with an event up to the last full day: when it served, what it showed and what it earned.\nAd ops: which ad units served before and have stopped (where days_silent > 0)? impressions_missed is what the ad unit would have shown at its average of the days up to its last: the higher, the less it is chance. One that is not active stopped on purpose.\n'
AS WITH
    latest_day AS
    (
        SELECT max(event_date) AS report_day
        FROM duckhouse_reporting.rpt_ad_serving_days
        WHERE is_full_day
    ),
    daily AS
    (
        SELECT
            daily.*,
            latest_day.report_day AS report_day,
            multiIf(daily.impressions > 0, daily.event_date, NULL) AS served_on
        FROM duckhouse_marts.fct_ad_events_daily AS daily
        CROSS JOIN latest_day
        WHERE (daily.ad_unit_id IS NOT NULL) AND (daily.event_date <= latest_day.report_day)
    ),
    sums AS
    (
        SELECT
            ad_unit_id,
            min(served_on) AS first_day,
            max(served_on) AS last_day,
            max(report_day) AS last_report_day,
            sum(impressions) AS impressions_total,
            sum(filled_impressions) AS filled_impressions_total,
            sum(clicks) AS clicks_total,
            sum(viewable_impressions) AS viewable_impressions_total,
            sum(revenue_usd) AS revenue_usd_total,
            sum(revenue_usd_as_delivered) AS revenue_usd_as_delivered_total,
            sum(revenue_usd_invalid_records) AS revenue_usd_invalid_records_total
        FROM daily
        GROUP BY ad_unit_id
    ),
    served AS
    (
        SELECT
            *,
            dateDiff('day', first_day, last_day) + 1 AS days_from_first_to_last,
            dateDiff('day', last_day, last_report_day) AS silent_count
        FROM sums
    ),
    final AS
    (
        SELECT
            CAST(served.ad_unit_id, 'String') AS ad_unit_id,
            ad_units.ad_unit_name AS ad_unit_name,
            ad_units.publisher_id AS publisher_id,
            publishers.publisher_name AS publisher_name,
            ad_units.ad_format AS ad_format,
            ad_units.is_active AS is_active,
            CAST(served.first_day, 'Nullable(Date32)') AS first_day_served,
            CAST(served.last_day, 'Nullable(Date32)') AS last_day_served,
            CAST(served.silent_count, 'Nullable(Int64)') AS days_silent,
            CAST(served.impressions_total * served.silent_count, 'Nullable(Float64)') / nullIf(CAST(served.days_from_first_to_last, 'Nullable(Float64)'), 0) AS impressions_missed,
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
        FROM served
        LEFT JOIN duckhouse_marts.dim_ad_units AS ad_units ON served.ad_unit_id = ad_units.ad_unit_id
        LEFT JOIN duckhouse_marts.dim_publishers AS publishers ON ad_units.publisher_id = publishers.publisher_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
