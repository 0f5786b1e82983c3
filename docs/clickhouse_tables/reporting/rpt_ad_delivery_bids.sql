CREATE VIEW duckhouse_reporting.rpt_ad_delivery_bids
(
    `campaign_id` Int64 COMMENT 'Key of the campaign.',
    `campaign_name` Nullable(String) COMMENT 'Display name.',
    `period` Int64 COMMENT 'Number of the period of its campaign, from 1.',
    `valid_from` DateTime64(6, 'UTC') COMMENT 'When the period begins, UTC, inclusive.',
    `valid_to` Nullable(DateTime64(6, 'UTC')) COMMENT 'When it ends, UTC, exclusive; NULL while it goes on.',
    `bid_usd_before` Nullable(Decimal(38, 6)) COMMENT 'bid_usd of the period before; NULL of the first.',
    `bid_usd` Nullable(Decimal(38, 6)) COMMENT 'Price of 1,000 impressions in US dollars; NULL if the database holds NaN.',
    `budget_usd_before` Nullable(Decimal(38, 6)) COMMENT 'budget_usd of the period before; NULL of the first.',
    `budget_usd` Nullable(Decimal(38, 6)) COMMENT 'Budget of the flight in US dollars; NULL if the database holds NaN.',
    `days_priced` Int64 COMMENT 'Days of the campaign that are priced by the period.',
    `impressions` Int64 COMMENT 'Impressions that exist now.',
    `spend_usd` Decimal(38, 6) COMMENT 'US dollars, exact to the micro-dollar; each day is priced at the bid that held at its end.'
)
COMMENT 'One row per campaign and period in which neither its bid nor its budget changed: what were they from when to when, and what was spent under them? Asked by finance.\nA period ends where the campaign is deleted. A day is priced by the version that held at its end, so a bid that did not last until then has no days. The first period begins with 1900 and also prices what was before the campaign was seen. Of several edits between two extractions by comparing, only the last is known.\n'
AS WITH
    spends AS
    (
        SELECT
            daily.campaign_version_id AS campaign_version_id,
            count(*) AS days_priced,
            sum(daily.impressions) AS impressions,
            sum(daily.spend_usd) AS spend_usd
        FROM duckhouse_marts.fct_ad_delivery_daily AS daily
        WHERE daily.campaign_version_id IS NOT NULL
        GROUP BY daily.campaign_version_id
    ),
    versions AS
    (
        SELECT
            *,
            lag(bid_usd) OVER in_order AS bid_before,
            lag(budget_usd) OVER in_order AS budget_before,
            lag(valid_to) OVER in_order AS ended_before
        FROM duckhouse_marts.dim_ad_delivery_campaigns_history
        WINDOW in_order AS (PARTITION BY campaign_id ORDER BY version_number ASC)
    ),
    steps AS
    (
        SELECT
            *,
            multiIf((bid_usd IS DISTINCT FROM bid_before), 1, (budget_usd IS DISTINCT FROM budget_before), 1, (valid_from IS DISTINCT FROM ended_before), 1, 0) AS is_step
        FROM versions
    ),
    periods AS
    (
        SELECT
            *,
            sum(is_step) OVER (PARTITION BY campaign_id ORDER BY version_number ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS period
        FROM steps
    ),
    priced AS
    (
        SELECT
            periods.campaign_id AS campaign_id,
            periods.period AS period,
            min(periods.valid_from) AS valid_from,
            multiIf(count(*) = count(periods.valid_to), max(periods.valid_to), NULL) AS valid_to,
            max(multiIf(periods.is_step = 1, periods.bid_before, NULL)) AS bid_usd_before,
            max(periods.bid_usd) AS bid_usd,
            max(multiIf(periods.is_step = 1, periods.budget_before, NULL)) AS budget_usd_before,
            max(periods.budget_usd) AS budget_usd,
            coalesce(sum(spends.days_priced), 0) AS days_priced,
            coalesce(sum(spends.impressions), 0) AS impressions,
            coalesce(sum(spends.spend_usd), 0) AS spend_usd
        FROM periods
        LEFT JOIN spends ON periods.campaign_version_id = spends.campaign_version_id
        GROUP BY
            periods.campaign_id,
            periods.period
    ),
    final AS
    (
        SELECT
            CAST(priced.campaign_id, 'Int64') AS campaign_id,
            CAST(campaigns.campaign_name, 'Nullable(String)') AS campaign_name,
            CAST(priced.period, 'Int64') AS period,
            CAST(priced.valid_from, 'DateTime64(6, \'UTC\')') AS valid_from,
            CAST(priced.valid_to, 'Nullable(DateTime64(6, \'UTC\'))') AS valid_to,
            CAST(priced.bid_usd_before, 'Nullable(Decimal(38, 6))') AS bid_usd_before,
            CAST(priced.bid_usd, 'Nullable(Decimal(38, 6))') AS bid_usd,
            CAST(priced.budget_usd_before, 'Nullable(Decimal(38, 6))') AS budget_usd_before,
            CAST(priced.budget_usd, 'Nullable(Decimal(38, 6))') AS budget_usd,
            CAST(priced.days_priced, 'Int64') AS days_priced,
            CAST(priced.impressions, 'Int64') AS impressions,
            CAST(priced.spend_usd, 'Decimal(38, 6)') AS spend_usd
        FROM priced
        INNER JOIN duckhouse_marts.dim_ad_delivery_campaigns AS campaigns ON priced.campaign_id = campaigns.campaign_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
