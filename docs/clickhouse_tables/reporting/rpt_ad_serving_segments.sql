CREATE VIEW duckhouse_reporting.rpt_ad_serving_segments
(
    `segment` String COMMENT 'ad_format, device, country or device_and_country.',
    `ad_format` Nullable(String) COMMENT 'Ad format of the segment ad_format, else NULL.',
    `device_type` Nullable(String) COMMENT 'Device of the segments device and device_and_country, else NULL.',
    `country_code` Nullable(String) COMMENT 'Country of the segments country and device_and_country, else NULL.',
    `impressions` Int64 COMMENT 'Events of type impression, filled or not.',
    `filled_impressions` Int64 COMMENT 'Impressions for which an ad was served.',
    `clicks` Int64 COMMENT 'Events of type click.',
    `viewable_impressions` Int64 COMMENT 'Events of type viewable_impression.',
    `has_enough_impressions` Bool COMMENT 'Whether it has at least var least_filled_impressions filled impressions: at 100 the standard error of a rate is at most 5 points.\n',
    `fill_rate` Nullable(Float64) COMMENT 'filled_impressions / impressions; NULL without impressions.',
    `fill_rate_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `fill_rate_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `ctr` Nullable(Float64) COMMENT 'Clicks per ad shown: clicks / filled_impressions, not / impressions, because an unfilled impression shows no ad. NULL without filled impressions.',
    `ctr_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `ctr_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `viewability_rate` Nullable(Float64) COMMENT 'viewable_impressions / filled_impressions; NULL without filled impressions.',
    `viewability_rate_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `viewability_rate_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `revenue_usd_net_of_invalid_records` Decimal(38, 6) COMMENT 'revenue_usd less revenue_usd_invalid_records; invalid traffic is still in it.',
    `ecpm_usd` Nullable(Decimal(38, 6)) COMMENT 'Net revenue per thousand filled impressions, what a served ad earns; US dollars cut to the micro-dollar.\n',
    `rpm_usd` Nullable(Decimal(38, 6)) COMMENT 'Net revenue per thousand impressions, filled or not; US dollars cut to the micro-dollar.'
)
COMMENT 'One row per segment and member of it: ad formats, devices, countries, and pairs of device and country, with rates and earnings.\nAd ops: on which devices and in which countries are ads clicked and seen? Publisher managers: which ad formats earn most per thousand impressions? Pick one segment: each holds all events. Rates come with their Wilson interval (var confidence_z): clicks and views of few impressions say little. The ad format is that of today, NULL for ad units that no delivery knows.\n'
AS WITH
    by_device_and_country AS
    (
        SELECT
            device_type,
            country_code,
            sum(impressions) AS impressions_count,
            sum(filled_impressions) AS filled_impressions_count,
            sum(clicks) AS clicks_count,
            sum(viewable_impressions) AS viewable_impressions_count,
            sum(revenue_usd) - sum(revenue_usd_invalid_records) AS net_revenue
        FROM duckhouse_marts.fct_ad_events_daily
        GROUP BY
            device_type,
            country_code
    ),
    by_format AS
    (
        SELECT
            ad_units.ad_format AS ad_format,
            sum(daily.impressions) AS impressions_count,
            sum(daily.filled_impressions) AS filled_impressions_count,
            sum(daily.clicks) AS clicks_count,
            sum(daily.viewable_impressions) AS viewable_impressions_count,
            sum(daily.revenue_usd) - sum(daily.revenue_usd_invalid_records) AS net_revenue
        FROM duckhouse_marts.fct_ad_events_daily AS daily
        LEFT JOIN duckhouse_marts.dim_ad_units AS ad_units ON daily.ad_unit_id = ad_units.ad_unit_id
        GROUP BY ad_units.ad_format
    ),
    segments AS
    (
        SELECT
            'ad_format' AS kind,
            CAST(ad_format, 'Nullable(String)') AS ad_format_of_segment,
            CAST(NULL, 'Nullable(String)') AS device_type_of_segment,
            CAST(NULL, 'Nullable(String)') AS country_code_of_segment,
            CAST(sum(impressions_count), 'Int64') AS impressions_total,
            CAST(sum(filled_impressions_count), 'Int64') AS filled_impressions_total,
            CAST(sum(clicks_count), 'Int64') AS clicks_total,
            CAST(sum(viewable_impressions_count), 'Int64') AS viewable_impressions_total,
            CAST(sum(net_revenue), 'Decimal(38, 6)') AS net_total
        FROM by_format
        GROUP BY ad_format
        UNION ALL
        SELECT
            'device' AS kind,
            CAST(NULL, 'Nullable(String)') AS ad_format_of_segment,
            CAST(device_type, 'Nullable(String)') AS device_type_of_segment,
            CAST(NULL, 'Nullable(String)') AS country_code_of_segment,
            CAST(sum(impressions_count), 'Int64') AS impressions_total,
            CAST(sum(filled_impressions_count), 'Int64') AS filled_impressions_total,
            CAST(sum(clicks_count), 'Int64') AS clicks_total,
            CAST(sum(viewable_impressions_count), 'Int64') AS viewable_impressions_total,
            CAST(sum(net_revenue), 'Decimal(38, 6)') AS net_total
        FROM by_device_and_country
        GROUP BY device_type
        UNION ALL
        SELECT
            'country' AS kind,
            CAST(NULL, 'Nullable(String)') AS ad_format_of_segment,
            CAST(NULL, 'Nullable(String)') AS device_type_of_segment,
            CAST(country_code, 'Nullable(String)') AS country_code_of_segment,
            CAST(sum(impressions_count), 'Int64') AS impressions_total,
            CAST(sum(filled_impressions_count), 'Int64') AS filled_impressions_total,
            CAST(sum(clicks_count), 'Int64') AS clicks_total,
            CAST(sum(viewable_impressions_count), 'Int64') AS viewable_impressions_total,
            CAST(sum(net_revenue), 'Decimal(38, 6)') AS net_total
        FROM by_device_and_country
        GROUP BY country_code
        UNION ALL
        SELECT
            'device_and_country' AS kind,
            CAST(NULL, 'Nullable(String)') AS ad_format_of_segment,
            CAST(device_type, 'Nullable(String)') AS device_type_of_segment,
            CAST(country_code, 'Nullable(String)') AS country_code_of_segment,
            CAST(sum(impressions_count), 'Int64') AS impressions_total,
            CAST(sum(filled_impressions_count), 'Int64') AS filled_impressions_total,
            CAST(sum(clicks_count), 'Int64') AS clicks_total,
            CAST(sum(viewable_impressions_count), 'Int64') AS viewable_impressions_total,
            CAST(sum(net_revenue), 'Decimal(38, 6)') AS net_total
        FROM by_device_and_country
        GROUP BY
            device_type,
            country_code
    ),
    final AS
    (
        SELECT
            CAST(kind, 'String') AS segment,
            ad_format_of_segment AS ad_format,
            device_type_of_segment AS device_type,
            country_code_of_segment AS country_code,
            impressions_total AS impressions,
            filled_impressions_total AS filled_impressions,
            clicks_total AS clicks,
            viewable_impressions_total AS viewable_impressions,
            CAST(filled_impressions_total >= 100, 'Bool') AS has_enough_impressions,
            CAST(filled_impressions_total, 'Nullable(Float64)') / nullIf(CAST(impressions_total, 'Nullable(Float64)'), 0) AS fill_rate,
            multiIf((filled_impressions_total = 0) AND (impressions_total > 0), CAST(0, 'Nullable(Float64)'), ((CAST(filled_impressions_total, 'Nullable(Float64)') + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 2)) - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(multiIf(filled_impressions_total <= impressions_total, (CAST(filled_impressions_total, 'Nullable(Float64)') * (CAST(impressions_total, 'Nullable(Float64)') - CAST(filled_impressions_total, 'Nullable(Float64)'))) / nullIf(CAST(impressions_total, 'Nullable(Float64)'), 0), NULL) + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 4)))) / (CAST(impressions_total, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')))) AS fill_rate_low,
            multiIf((filled_impressions_total = impressions_total) AND (impressions_total > 0), CAST(1, 'Nullable(Float64)'), ((CAST(filled_impressions_total, 'Nullable(Float64)') + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 2)) + (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(multiIf(filled_impressions_total <= impressions_total, (CAST(filled_impressions_total, 'Nullable(Float64)') * (CAST(impressions_total, 'Nullable(Float64)') - CAST(filled_impressions_total, 'Nullable(Float64)'))) / nullIf(CAST(impressions_total, 'Nullable(Float64)'), 0), NULL) + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 4)))) / (CAST(impressions_total, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')))) AS fill_rate_high,
            CAST(clicks_total, 'Nullable(Float64)') / nullIf(CAST(filled_impressions_total, 'Nullable(Float64)'), 0) AS ctr,
            multiIf((clicks_total = 0) AND (filled_impressions_total > 0), CAST(0, 'Nullable(Float64)'), ((CAST(clicks_total, 'Nullable(Float64)') + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 2)) - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(multiIf(clicks_total <= filled_impressions_total, (CAST(clicks_total, 'Nullable(Float64)') * (CAST(filled_impressions_total, 'Nullable(Float64)') - CAST(clicks_total, 'Nullable(Float64)'))) / nullIf(CAST(filled_impressions_total, 'Nullable(Float64)'), 0), NULL) + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 4)))) / (CAST(filled_impressions_total, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')))) AS ctr_low,
            multiIf((clicks_total = filled_impressions_total) AND (filled_impressions_total > 0), CAST(1, 'Nullable(Float64)'), ((CAST(clicks_total, 'Nullable(Float64)') + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 2)) + (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(multiIf(clicks_total <= filled_impressions_total, (CAST(clicks_total, 'Nullable(Float64)') * (CAST(filled_impressions_total, 'Nullable(Float64)') - CAST(clicks_total, 'Nullable(Float64)'))) / nullIf(CAST(filled_impressions_total, 'Nullable(Float64)'), 0), NULL) + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 4)))) / (CAST(filled_impressions_total, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')))) AS ctr_high,
            CAST(viewable_impressions_total, 'Nullable(Float64)') / nullIf(CAST(filled_impressions_total, 'Nullable(Float64)'), 0) AS viewability_rate,
            multiIf((viewable_impressions_total = 0) AND (filled_impressions_total > 0), CAST(0, 'Nullable(Float64)'), ((CAST(viewable_impressions_total, 'Nullable(Float64)') + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 2)) - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(multiIf(viewable_impressions_total <= filled_impressions_total, (CAST(viewable_impressions_total, 'Nullable(Float64)') * (CAST(filled_impressions_total, 'Nullable(Float64)') - CAST(viewable_impressions_total, 'Nullable(Float64)'))) / nullIf(CAST(filled_impressions_total, 'Nullable(Float64)'), 0), NULL) + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 4)))) / (CAST(filled_impressions_total, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')))) AS viewability_rate_low,
            multiIf((viewable_impressions_total = filled_impressions_total) AND (filled_impressions_total > 0), CAST(1, 'Nullable(Float64)'), ((CAST(viewable_impressions_total, 'Nullable(Float64)') + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 2)) + (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(multiIf(viewable_impressions_total <= filled_impressions_total, (CAST(viewable_impressions_total, 'Nullable(Float64)') * (CAST(filled_impressions_total, 'Nullable(Float64)') - CAST(viewable_impressions_total, 'Nullable(Float64)'))) / nullIf(CAST(filled_impressions_total, 'Nullable(Float64)'), 0), NULL) + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 4)))) / (CAST(filled_impressions_total, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')))) AS viewability_rate_high,
            net_total AS revenue_usd_net_of_invalid_records,
            CAST(if(coalesce(filled_impressions_total, 0) = 0, NULL, divideDecimal(net_total * 1000, CAST(if(coalesce(filled_impressions_total, 0) = 0, 1, filled_impressions_total), 'Decimal(38, 0)'), 6)), 'Nullable(Decimal(38, 6))') AS ecpm_usd,
            CAST(if(coalesce(impressions_total, 0) = 0, NULL, divideDecimal(net_total * 1000, CAST(if(coalesce(impressions_total, 0) = 0, 1, impressions_total), 'Decimal(38, 0)'), 6)), 'Nullable(Decimal(38, 6))') AS rpm_usd
        FROM segments
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
