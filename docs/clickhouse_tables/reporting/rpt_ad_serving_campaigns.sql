CREATE VIEW duckhouse_reporting.rpt_ad_serving_campaigns
(
    `campaign_id` String COMMENT 'Key of the campaign as delivered; NULL when no ad was served.',
    `campaign_name` Nullable(String) COMMENT 'Display name; NULL where no delivery knows the campaign.',
    `advertiser_name` Nullable(String) COMMENT 'Display name of the advertiser.',
    `status` Nullable(String) COMMENT 'active, paused or completed, in lower case.',
    `start_date` Nullable(Date32) COMMENT 'First day of the flight, as it is today.',
    `end_date` Nullable(Date32) COMMENT 'Last day of the flight, as it is today.',
    `budget_usd` Nullable(Decimal(38, 6)) COMMENT 'Budget of the flight in US dollars, as it is today.',
    `flight_state` String COMMENT 'in_flight, before, after or unknown, on the last day on which the campaign spent or was in flight.',
    `spend_usd` Decimal(38, 6) COMMENT 'US dollars spent on all days, in flight or not.',
    `pace_date` Nullable(Date32) COMMENT 'The last day of the flight that is over; NULL where the campaign was in flight on none.',
    `days_left` Nullable(Int64) COMMENT 'Days of the flight after pace_date.',
    `days_observed` Nullable(Int64) COMMENT 'Days of the flight with data up to pace_date.',
    `pace_budget_usd` Nullable(Decimal(38, 6)) COMMENT 'The budget that held on pace_date, US dollars.',
    `spend_usd_to_date` Nullable(Decimal(38, 6)) COMMENT 'US dollars spent in flight up to pace_date.',
    `expected_spend_usd` Nullable(Decimal(38, 6)) COMMENT 'The linear pace on pace_date, US dollars.',
    `projected_end_spend_usd` Nullable(Decimal(38, 6)) COMMENT 'Spend at the end of the flight if days without data are like those with, US dollars.',
    `projected_gap_usd` Nullable(Decimal(38, 6)) COMMENT 'Budget that will be left at the end of the flight, US dollars; below 0 where it will not last.',
    `pace_ratio` Nullable(Float64) COMMENT 'spend_usd_to_date divided by the linear pace of the observed days; above 1 is ahead.',
    `pace` String COMMENT 'ahead or behind where pace_ratio is more than var pace_tolerance_percent from 1, else on pace; unknown without a day in flight or a budget.\n',
    `days_out_of_flight` Int64 COMMENT 'Days before or after the flight on which the campaign spent.',
    `first_day_out_of_flight` Nullable(Date32) COMMENT 'The first of them.',
    `last_day_out_of_flight` Nullable(Date32) COMMENT 'The last of them.',
    `spend_usd_out_of_flight` Decimal(38, 6) COMMENT 'US dollars spent on them.',
    `spend_usd_over_budget` Decimal(38, 6) COMMENT 'US dollars by which the spend in flight exceeds the budget.'
)
COMMENT 'One row per campaign that spent or was in flight: its pace, and what it spent out of its flight or over its budget.\nAd ops: which campaigns are ahead of or behind their pace, where will their spend end, and what can nobody be billed for? Pace is that of pace_date, the last day of the flight that is over, with the flight and budget of that day. Each day is judged by the flight that held on it; start_date, end_date and budget_usd are those of today. US dollars, net of invalid records.\n'
AS WITH
    latest_day AS
    (
        SELECT max(event_date) AS report_day
        FROM duckhouse_intermediate.int_ad_serving__publications
        WHERE publication != 'preliminary'
    ),
    pacing AS
    (
        SELECT
            pacing.*,
            row_number() OVER (PARTITION BY pacing.campaign_id ORDER BY pacing.event_date DESC) AS recency,
            (pacing.flight_state = 'in_flight') AND (pacing.event_date <= latest_day.report_day) AS is_day_of_pace
        FROM duckhouse_marts.fct_campaign_pacing AS pacing
        CROSS JOIN latest_day
    ),
    paced AS
    (
        SELECT *
        FROM pacing
        WHERE is_day_of_pace
        QUALIFY row_number() OVER (PARTITION BY campaign_id ORDER BY event_date DESC) = 1
    ),
    totals AS
    (
        SELECT
            campaign_id,
            max(multiIf(recency = 1, flight_state, NULL)) AS last_flight_state,
            sum(spend_usd) AS spend,
            countIf(flight_state IN ('before', 'after')) AS days_outside,
            min(multiIf((flight_state IN ('before', 'after')), event_date, NULL)) AS first_day_outside,
            max(multiIf((flight_state IN ('before', 'after')), event_date, NULL)) AS last_day_outside,
            sum(spend_usd_out_of_flight) AS spend_outside,
            CAST(sum(multiIf(recency = 1, spend_usd_over_budget_to_date, 0)), 'Decimal(38, 6)') AS spend_over_budget
        FROM pacing
        GROUP BY campaign_id
    ),
    final AS
    (
        SELECT
            totals.campaign_id AS campaign_id,
            campaigns.campaign_name AS campaign_name,
            campaigns.advertiser_name AS advertiser_name,
            campaigns.status AS status,
            campaigns.start_date AS start_date,
            campaigns.end_date AS end_date,
            campaigns.budget_usd AS budget_usd,
            CAST(totals.last_flight_state, 'String') AS flight_state,
            CAST(totals.spend, 'Decimal(38, 6)') AS spend_usd,
            CAST(paced.event_date, 'Nullable(Date32)') AS pace_date,
            CAST(paced.days_left, 'Nullable(Int64)') AS days_left,
            CAST(paced.days_observed, 'Nullable(Int64)') AS days_observed,
            CAST(paced.budget_usd, 'Nullable(Decimal(38, 6))') AS pace_budget_usd,
            CAST(paced.spend_usd_to_date, 'Nullable(Decimal(38, 6))') AS spend_usd_to_date,
            CAST(paced.expected_spend_usd, 'Nullable(Decimal(38, 6))') AS expected_spend_usd,
            CAST(paced.projected_end_spend_usd, 'Nullable(Decimal(38, 6))') AS projected_end_spend_usd,
            CAST(paced.budget_usd - paced.projected_end_spend_usd, 'Nullable(Decimal(38, 6))') AS projected_gap_usd,
            CAST(paced.pace_ratio, 'Nullable(Float64)') AS pace_ratio,
            CAST(multiIf(paced.pace_ratio IS NULL, 'unknown', (paced.pace_ratio * 100) > (100 + 10), 'ahead', (paced.pace_ratio * 100) < (100 - 10), 'behind', 'on pace'), 'String') AS pace,
            CAST(totals.days_outside, 'Int64') AS days_out_of_flight,
            CAST(totals.first_day_outside, 'Nullable(Date32)') AS first_day_out_of_flight,
            CAST(totals.last_day_outside, 'Nullable(Date32)') AS last_day_out_of_flight,
            CAST(totals.spend_outside, 'Decimal(38, 6)') AS spend_usd_out_of_flight,
            totals.spend_over_budget AS spend_usd_over_budget
        FROM totals
        LEFT JOIN paced ON totals.campaign_id = paced.campaign_id
        LEFT JOIN duckhouse_marts.dim_campaigns AS campaigns ON totals.campaign_id = campaigns.campaign_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
