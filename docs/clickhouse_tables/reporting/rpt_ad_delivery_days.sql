CREATE VIEW duckhouse_reporting.rpt_ad_delivery_days
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `is_over` Bool COMMENT 'Whether the day had ended when the last extraction ran.',
    `is_after_last_delivery` Bool COMMENT 'Whether the day is later than the day of the last extraction.',
    `campaigns_in_flight` Int64 COMMENT 'Campaigns in whose flight the day lies.',
    `campaigns_with_impressions` Int64 COMMENT 'Campaigns with an impression on the day, that of events without a campaign included.',
    `impressions` Int64 COMMENT 'Impressions that exist now.',
    `clicks` Int64 COMMENT 'Clicks that exist now.',
    `ctr` Nullable(Float64) COMMENT 'Clicks per ad shown: clicks / impressions. NULL without impressions; above 1 where clicks outnumber them.\n',
    `ctr_low` Nullable(Float64) COMMENT 'Lower end of the Wilson interval of ctr (var confidence_z, 95 percent). NULL without impressions, and where clicks outnumber them: a click does not say of which impression it is, and rows get deleted.\n',
    `ctr_high` Nullable(Float64) COMMENT 'Upper end of that interval.',
    `spend_usd` Decimal(38, 6) COMMENT 'US dollars, exact to the micro-dollar; each day is priced at the bid that held at its end.'
)
COMMENT 'One row per UTC day with an impression, a click or a campaign in flight: how many impressions and clicks are there, and what do they cost? Asked by ad operations.\nImpressions are back-dated by up to 8 days, so the latest days may still grow. A day after the last extraction is the work of a clock that is ahead: it is flagged, and is never the latest day.\n'
AS WITH
    last_extraction AS
    (
        SELECT CAST(max(_delivered_at), 'Date32') AS extraction_day
        FROM duckhouse_marts.fct_ad_delivery_extractions
    ),
    counted AS
    (
        SELECT
            daily.event_date AS event_date,
            countIf(daily.is_in_flight) AS campaigns_in_flight,
            countIf(daily.impressions > 0) AS campaigns_with_impressions,
            sum(daily.impressions) AS impressions,
            sum(daily.clicks) AS clicks,
            sum(daily.spend_usd) AS spend_usd
        FROM duckhouse_marts.fct_ad_delivery_daily AS daily
        GROUP BY daily.event_date
    ),
    rated AS
    (
        SELECT
            counted.*,
            last_extraction.extraction_day,
            CAST(counted.clicks, 'Nullable(Float64)') / nullIf(CAST(counted.impressions, 'Nullable(Float64)'), 0) AS ctr,
            multiIf((counted.clicks = 0) AND (counted.impressions > 0), CAST(0, 'Nullable(Float64)'), ((CAST(counted.clicks, 'Nullable(Float64)') + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 2)) - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(multiIf(counted.clicks <= counted.impressions, (CAST(counted.clicks, 'Nullable(Float64)') * (CAST(counted.impressions, 'Nullable(Float64)') - CAST(counted.clicks, 'Nullable(Float64)'))) / nullIf(CAST(counted.impressions, 'Nullable(Float64)'), 0), NULL) + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 4)))) / (CAST(counted.impressions, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')))) AS ctr_low,
            multiIf((counted.clicks = counted.impressions) AND (counted.impressions > 0), CAST(1, 'Nullable(Float64)'), ((CAST(counted.clicks, 'Nullable(Float64)') + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 2)) + (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(multiIf(counted.clicks <= counted.impressions, (CAST(counted.clicks, 'Nullable(Float64)') * (CAST(counted.impressions, 'Nullable(Float64)') - CAST(counted.clicks, 'Nullable(Float64)'))) / nullIf(CAST(counted.impressions, 'Nullable(Float64)'), 0), NULL) + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 4)))) / (CAST(counted.impressions, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')))) AS ctr_high
        FROM counted
        CROSS JOIN last_extraction
    ),
    final AS
    (
        SELECT
            CAST(rated.event_date, 'Date32') AS event_date,
            CAST(rated.event_date < rated.extraction_day, 'Bool') AS is_over,
            CAST(rated.event_date > rated.extraction_day, 'Bool') AS is_after_last_delivery,
            CAST(rated.campaigns_in_flight, 'Int64') AS campaigns_in_flight,
            CAST(rated.campaigns_with_impressions, 'Int64') AS campaigns_with_impressions,
            CAST(rated.impressions, 'Int64') AS impressions,
            CAST(rated.clicks, 'Int64') AS clicks,
            CAST(rated.ctr, 'Nullable(Float64)') AS ctr,
            CAST(rated.ctr_low, 'Nullable(Float64)') AS ctr_low,
            CAST(rated.ctr_high, 'Nullable(Float64)') AS ctr_high,
            CAST(rated.spend_usd, 'Decimal(38, 6)') AS spend_usd
        FROM rated
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
