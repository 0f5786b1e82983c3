CREATE VIEW duckhouse_reporting.rpt_ad_delivery_open_errors
(
    `campaign_id` Int64 COMMENT 'Key of the campaign.',
    `campaign_name` Nullable(String) COMMENT 'Display name.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `impressions` Int64 COMMENT 'Impressions that exist now.',
    `clicks` Int64 COMMENT 'Clicks that exist now.',
    `spend_usd` Decimal(38, 6) COMMENT 'US dollars, exact to the micro-dollar; each day is priced at the bid that held at its end.',
    `rules` String COMMENT 'The rules that found the errors, with commas between them; dim_dq_rules has their words.'
)
COMMENT 'One row per campaign and UTC day with activity that an open error is about: which part of impressions, clicks and spend is in doubt, and why? Asked by ad operations and finance.\nAn error names the campaign and the day, or the campaign as a whole. One about the budget is about the days on which it was spent already. What is in errors is part of the figures of the other views. Errors about single events, such as a time after the delivery, are in fct_dq_findings alone.\n'
AS WITH
    days AS
    (
        SELECT
            daily.campaign_id AS campaign_id,
            daily.event_date AS event_date,
            daily.impressions AS impressions,
            daily.clicks AS clicks,
            daily.spend_usd AS spend_usd,
            campaigns.campaign_name AS campaign_name,
            daily.spend_usd_to_date > least(daily.budget_usd, campaigns.budget_usd) AS is_over_budget
        FROM duckhouse_marts.fct_ad_delivery_daily AS daily
        INNER JOIN duckhouse_marts.dim_ad_delivery_campaigns AS campaigns ON daily.campaign_id = campaigns.campaign_id
        WHERE (daily.impressions + daily.clicks) > 0
    ),
    named AS
    (
        SELECT
            *,
            concat(CAST(campaign_id, 'String'), '|', CAST(event_date, 'String')) AS named_key
        FROM days
        UNION ALL
        SELECT
            *,
            concat('campaigns/', CAST(campaign_id, 'String')) AS named_key
        FROM days
        UNION ALL
        SELECT
            *,
            CAST(campaign_id, 'String') AS named_key
        FROM days
        WHERE is_over_budget
    ),
    in_errors AS
    (
        SELECT
            named.campaign_id AS campaign_id,
            named.event_date AS event_date,
            max(named.campaign_name) AS campaign_name,
            max(named.impressions) AS impressions,
            max(named.clicks) AS clicks,
            max(named.spend_usd) AS spend_usd,
            arrayStringConcat(arraySort(groupArray(findings.rule_id)), ',') AS rules
        FROM named
        INNER JOIN duckhouse_quality.fct_dq_findings AS findings ON named.named_key = findings.finding_key
        WHERE (findings.source = 'ad_delivery') AND (findings.severity = 'error') AND findings.is_open
        GROUP BY
            named.campaign_id,
            named.event_date
    ),
    final AS
    (
        SELECT
            CAST(in_errors.campaign_id, 'Int64') AS campaign_id,
            CAST(in_errors.campaign_name, 'Nullable(String)') AS campaign_name,
            CAST(in_errors.event_date, 'Date32') AS event_date,
            CAST(in_errors.impressions, 'Int64') AS impressions,
            CAST(in_errors.clicks, 'Int64') AS clicks,
            CAST(in_errors.spend_usd, 'Decimal(38, 6)') AS spend_usd,
            CAST(in_errors.rules, 'String') AS rules
        FROM in_errors
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
