CREATE VIEW duckhouse_reporting.rpt_ad_delivery_weeks
(
    `week_start` Date32 COMMENT 'Monday of the week.',
    `is_over` Bool COMMENT 'Whether the week had ended when the last extraction ran.',
    `days_with_impressions` Int64 COMMENT 'Days of the week with an impression, which says how full it is.',
    `impressions` Int64 COMMENT 'Impressions that exist now.',
    `change_of_impressions` Nullable(Float64) COMMENT 'Part by which impressions changed since the week before.',
    `clicks` Int64 COMMENT 'Clicks that exist now.',
    `change_of_clicks` Nullable(Float64) COMMENT 'Part by which clicks changed since the week before.',
    `ctr` Nullable(Float64) COMMENT 'Clicks per ad shown: clicks / impressions. NULL without impressions; above 1 where clicks outnumber them.\n',
    `change_of_ctr_in_points` Nullable(Float64) COMMENT 'ctr less that of the week before: 0.002 is a CTR that is 0.2 percentage points higher.',
    `spend_usd` Decimal(38, 6) COMMENT 'US dollars, exact to the micro-dollar; each day is priced at the bid that held at its end.',
    `change_of_spend` Nullable(Float64) COMMENT 'Part by which spend changed since the week before.'
)
COMMENT 'One row per ISO week (Monday to Sunday, UTC) with an impression, a click or a campaign in flight: how does it compare with the week before? Asked by ad operations.\nOnly a week that was over when the last extraction ran is compared. A change of 0.1 is 10 percent more; NULL where the week before has nothing.\n'
AS WITH
    last_extraction AS
    (
        SELECT CAST(max(_delivered_at), 'Date32') AS extraction_day
        FROM duckhouse_marts.fct_ad_delivery_extractions
    ),
    days AS
    (
        SELECT
            *,
            event_date - CAST(dateDiff('day', CAST('1900-01-01', 'Date32'), event_date) % 7, 'integer') AS week_start
        FROM duckhouse_reporting.rpt_ad_delivery_days
    ),
    weeks AS
    (
        SELECT
            days.week_start AS week_start,
            countIf(days.impressions > 0) AS days_with_impressions,
            sum(days.impressions) AS impressions,
            sum(days.clicks) AS clicks,
            sum(days.spend_usd) AS spend_usd
        FROM days
        GROUP BY days.week_start
    ),
    finished AS
    (
        SELECT
            weeks.*,
            (weeks.week_start + 6) < last_extraction.extraction_day AS is_over
        FROM weeks
        CROSS JOIN last_extraction
    ),
    final AS
    (
        SELECT
            CAST(finished.week_start, 'Date32') AS week_start,
            CAST(finished.is_over, 'Bool') AS is_over,
            CAST(finished.days_with_impressions, 'Int64') AS days_with_impressions,
            CAST(finished.impressions, 'Int64') AS impressions,
            CAST(CAST(finished.impressions - previous.impressions, 'Nullable(Float64)') / nullIf(CAST(previous.impressions, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS change_of_impressions,
            CAST(finished.clicks, 'Int64') AS clicks,
            CAST(CAST(finished.clicks - previous.clicks, 'Nullable(Float64)') / nullIf(CAST(previous.clicks, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS change_of_clicks,
            CAST(CAST(finished.clicks, 'Nullable(Float64)') / nullIf(CAST(finished.impressions, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS ctr,
            CAST((CAST(finished.clicks, 'Nullable(Float64)') / nullIf(CAST(finished.impressions, 'Nullable(Float64)'), 0)) - (CAST(previous.clicks, 'Nullable(Float64)') / nullIf(CAST(previous.impressions, 'Nullable(Float64)'), 0)), 'Nullable(Float64)') AS change_of_ctr_in_points,
            CAST(finished.spend_usd, 'Decimal(38, 6)') AS spend_usd,
            CAST(CAST(finished.spend_usd - previous.spend_usd, 'Nullable(Float64)') / nullIf(CAST(previous.spend_usd, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS change_of_spend
        FROM finished
        LEFT JOIN weeks AS previous ON (finished.week_start = (previous.week_start + 7)) AND finished.is_over
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
