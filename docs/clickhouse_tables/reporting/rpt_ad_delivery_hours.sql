CREATE VIEW duckhouse_reporting.rpt_ad_delivery_hours
(
    `hour_of_day` Int64 COMMENT 'Hour of the day in UTC, 0 to 23.',
    `impressions` Int64 COMMENT 'Impressions that exist now.',
    `share_of_impressions` Nullable(Float64) COMMENT 'Part of all impressions.',
    `clicks` Int64 COMMENT 'Clicks that exist now.',
    `ctr` Nullable(Float64) COMMENT 'Clicks per ad shown: clicks / impressions. NULL without impressions; above 1 where clicks outnumber them.\n',
    `ctr_low` Nullable(Float64) COMMENT 'Lower end of the Wilson interval of ctr (var confidence_z, 95 percent). NULL without impressions, and where clicks outnumber them: a click does not say of which impression it is, and rows get deleted.\n',
    `ctr_high` Nullable(Float64) COMMENT 'Upper end of that interval.'
)
COMMENT 'One row per hour of the day (UTC, 0 to 23): at which hours are ads shown, and at which are they clicked? Counts of all days and campaigns. Asked by ad operations.\n'
AS WITH
    activity AS
    (
        SELECT
            hour AS hour_of_day,
            impressions,
            clicks
        FROM duckhouse_marts.fct_ad_delivery_hourly
        UNION ALL
        SELECT
            CAST(arrayJoin(range(0, 24)), 'Int64') AS hour_of_day,
            CAST(0, 'Int64') AS impressions,
            CAST(0, 'Int64') AS clicks
    ),
    hours AS
    (
        SELECT
            activity.hour_of_day AS hour_of_day,
            sum(activity.impressions) AS impressions,
            sum(activity.clicks) AS clicks,
            sum(sum(activity.impressions)) OVER () AS all_impressions
        FROM activity
        GROUP BY activity.hour_of_day
    ),
    rated AS
    (
        SELECT
            hours.*,
            CAST(hours.impressions, 'Nullable(Float64)') / nullIf(CAST(hours.all_impressions, 'Nullable(Float64)'), 0) AS share_of_impressions,
            CAST(hours.clicks, 'Nullable(Float64)') / nullIf(CAST(hours.impressions, 'Nullable(Float64)'), 0) AS ctr,
            multiIf((hours.clicks = 0) AND (hours.impressions > 0), CAST(0, 'Nullable(Float64)'), ((CAST(hours.clicks, 'Nullable(Float64)') + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 2)) - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(multiIf(hours.clicks <= hours.impressions, (CAST(hours.clicks, 'Nullable(Float64)') * (CAST(hours.impressions, 'Nullable(Float64)') - CAST(hours.clicks, 'Nullable(Float64)'))) / nullIf(CAST(hours.impressions, 'Nullable(Float64)'), 0), NULL) + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 4)))) / (CAST(hours.impressions, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')))) AS ctr_low,
            multiIf((hours.clicks = hours.impressions) AND (hours.impressions > 0), CAST(1, 'Nullable(Float64)'), ((CAST(hours.clicks, 'Nullable(Float64)') + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 2)) + (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(multiIf(hours.clicks <= hours.impressions, (CAST(hours.clicks, 'Nullable(Float64)') * (CAST(hours.impressions, 'Nullable(Float64)') - CAST(hours.clicks, 'Nullable(Float64)'))) / nullIf(CAST(hours.impressions, 'Nullable(Float64)'), 0), NULL) + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 4)))) / (CAST(hours.impressions, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')))) AS ctr_high
        FROM hours
    ),
    final AS
    (
        SELECT
            CAST(rated.hour_of_day, 'Int64') AS hour_of_day,
            CAST(rated.impressions, 'Int64') AS impressions,
            CAST(rated.share_of_impressions, 'Nullable(Float64)') AS share_of_impressions,
            CAST(rated.clicks, 'Int64') AS clicks,
            CAST(rated.ctr, 'Nullable(Float64)') AS ctr,
            CAST(rated.ctr_low, 'Nullable(Float64)') AS ctr_low,
            CAST(rated.ctr_high, 'Nullable(Float64)') AS ctr_high
        FROM rated
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
