CREATE VIEW duckhouse_reporting.rpt_ad_delivery_pacing
(
    `campaign_id` Int64 COMMENT 'Key of the campaign.',
    `campaign_name` Nullable(String) COMMENT 'Display name.',
    `is_deleted` Bool COMMENT 'Whether the campaign is gone from the database.',
    `flight_start` Nullable(Date32) COMMENT 'First day of the flight; where none is set, the day on which the campaign was made.',
    `flight_end` Nullable(Date32) COMMENT 'Last day of the flight; NULL where none is set.',
    `report_day` Date32 COMMENT 'The UTC day at whose end the figures hold.',
    `budget_usd` Nullable(Decimal(38, 6)) COMMENT 'Budget of the flight in US dollars; NULL if the database holds NaN.',
    `spend_usd` Decimal(38, 6) COMMENT 'US dollars spent up to report_day.',
    `spend_usd_out_of_flight` Decimal(38, 6) COMMENT 'The part of it that was spent outside of the flight.',
    `budget_left_usd` Nullable(Decimal(38, 6)) COMMENT 'budget_usd less spend_usd; below 0 where the budget is overspent.',
    `even_pace_usd` Nullable(Decimal(38, 6)) COMMENT 'What an even pace over the flight would have spent by now; NULL without a budget or an end.',
    `pace_ratio` Nullable(Float64) COMMENT 'spend_usd / even_pace_usd. Above 1 the campaign spends faster than its flight passes.',
    `daily_pace_usd` Nullable(Decimal(38, 6)) COMMENT 'Average spend of a day over the last days; NULL where the campaign has no day yet.',
    `used_up_on` Nullable(Date32) COMMENT 'The first day at whose end the budget was spent; NULL while some is left.',
    `projected_day` Nullable(Date32) COMMENT 'The day on which the rest of the budget will be spent at daily_pace_usd. NULL where it is spent already, without spend in the last days, after the flight, and where it is more than ten years away.\n',
    `runs_out_on` Nullable(Date32) COMMENT 'used_up_on, or projected_day where the budget is not spent yet.',
    `is_used_up_early` Bool COMMENT 'Whether runs_out_on is before the last day of the flight.'
)
COMMENT 'One row per campaign that the database has or had: has it used up its budget, will it before its flight ends, or will it not spend it? Asked by ad operations.\nAs of the end of the last full UTC day, the one before the last extraction, with the budget and the flight of now. Spend outside of the flight counts. At the average of the last days (var pace_days, or those since its first), a campaign whose flight goes on uses up its budget on projected_day.\n'
AS WITH
    latest_day AS
    (
        SELECT CAST(max(_delivered_at), 'Date32') - 1 AS report_day
        FROM duckhouse_marts.fct_ad_delivery_extractions
    ),
    spends AS
    (
        SELECT
            daily.campaign_id AS campaign_id,
            sum(daily.spend_usd) AS spend,
            CAST(sum(multiIf(NOT daily.is_in_flight, daily.spend_usd, 0)), 'Decimal(38, 6)') AS spend_out_of_flight,
            CAST(sum(multiIf(dateDiff('day', daily.event_date, latest_day.report_day) < 7, daily.spend_usd, 0)), 'Decimal(38, 6)') AS recent_spend,
            least(max(dateDiff('day', daily.event_date, latest_day.report_day)) + 1, 7) AS recent_days,
            min(multiIf(daily.spend_usd_to_date >= campaigns.budget_usd, daily.event_date, NULL)) AS used_up_on
        FROM duckhouse_marts.fct_ad_delivery_daily AS daily
        CROSS JOIN latest_day
        INNER JOIN duckhouse_marts.dim_ad_delivery_campaigns AS campaigns ON daily.campaign_id = campaigns.campaign_id
        WHERE daily.event_date <= latest_day.report_day
        GROUP BY daily.campaign_id
    ),
    flights AS
    (
        SELECT
            campaigns.campaign_id AS campaign_id,
            campaigns.campaign_name AS campaign_name,
            campaigns.is_deleted AS is_deleted,
            coalesce(campaigns.start_date, CAST(campaigns.created_at, 'Nullable(Date32)')) AS flight_start,
            campaigns.end_date AS flight_end,
            campaigns.budget_usd AS budget_usd,
            latest_day.report_day AS report_day,
            coalesce(spends.spend, 0) AS spend_usd,
            coalesce(spends.spend_out_of_flight, 0) AS spend_usd_out_of_flight,
            CAST(if(coalesce(spends.recent_days, 0) = 0, NULL, divideDecimal(spends.recent_spend * 1, CAST(if(coalesce(spends.recent_days, 0) = 0, 1, spends.recent_days), 'Decimal(38, 0)'), 6)), 'Nullable(Decimal(38, 6))') AS daily_pace_usd,
            spends.used_up_on AS used_up_on,
            ceil(CAST(CAST((campaigns.budget_usd - spends.spend) * 1000000, 'Nullable(Int64)') * spends.recent_days, 'Nullable(Float64)') / nullIf(CAST(CAST(spends.recent_spend * 1000000, 'Nullable(Int64)'), 'Nullable(Float64)'), 0)) AS days_to_go
        FROM duckhouse_marts.dim_ad_delivery_campaigns AS campaigns
        CROSS JOIN latest_day
        LEFT JOIN spends ON campaigns.campaign_id = spends.campaign_id
    ),
    projections AS
    (
        SELECT
            *,
            dateDiff('day', flight_start, flight_end) + 1 AS flight_days,
            greatest(least(dateDiff('day', flight_start, report_day), dateDiff('day', flight_start, flight_end)) + 1, 0) AS days_run,
            multiIf((used_up_on IS NULL) AND (NOT is_deleted) AND coalesce(flight_end > report_day, true) AND (days_to_go <= 3652), report_day + CAST(coalesce(days_to_go, 0), 'integer'), NULL) AS projected_day
        FROM flights
    ),
    final AS
    (
        SELECT
            CAST(projections.campaign_id, 'Int64') AS campaign_id,
            CAST(projections.campaign_name, 'Nullable(String)') AS campaign_name,
            CAST(projections.is_deleted, 'Bool') AS is_deleted,
            CAST(projections.flight_start, 'Nullable(Date32)') AS flight_start,
            CAST(projections.flight_end, 'Nullable(Date32)') AS flight_end,
            CAST(projections.report_day, 'Date32') AS report_day,
            CAST(projections.budget_usd, 'Nullable(Decimal(38, 6))') AS budget_usd,
            CAST(projections.spend_usd, 'Decimal(38, 6)') AS spend_usd,
            CAST(projections.spend_usd_out_of_flight, 'Decimal(38, 6)') AS spend_usd_out_of_flight,
            CAST(projections.budget_usd - projections.spend_usd, 'Nullable(Decimal(38, 6))') AS budget_left_usd,
            CAST(CAST(if(coalesce(projections.flight_days, 0) = 0, NULL, divideDecimal(projections.budget_usd * projections.days_run, CAST(if(coalesce(projections.flight_days, 0) = 0, 1, projections.flight_days), 'Decimal(38, 0)'), 6)), 'Nullable(Decimal(38, 6))'), 'Nullable(Decimal(38, 6))') AS even_pace_usd,
            CAST(CAST(projections.spend_usd, 'Nullable(Float64)') / nullIf(CAST(CAST(if(coalesce(projections.flight_days, 0) = 0, NULL, divideDecimal(projections.budget_usd * projections.days_run, CAST(if(coalesce(projections.flight_days, 0) = 0, 1, projections.flight_days), 'Decimal(38, 0)'), 6)), 'Nullable(Decimal(38, 6))'), 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS pace_ratio,
            CAST(projections.daily_pace_usd, 'Nullable(Decimal(38, 6))') AS daily_pace_usd,
            CAST(projections.used_up_on, 'Nullable(Date32)') AS used_up_on,
            CAST(projections.projected_day, 'Nullable(Date32)') AS projected_day,
            CAST(coalesce(projections.used_up_on, projections.projected_day), 'Nullable(Date32)') AS runs_out_on,
            CAST(coalesce(coalesce(projections.used_up_on, projections.projected_day) < projections.flight_end, false), 'Bool') AS is_used_up_early
        FROM projections
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
