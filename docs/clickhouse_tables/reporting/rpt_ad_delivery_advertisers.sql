CREATE VIEW duckhouse_reporting.rpt_ad_delivery_advertisers
(
    `advertiser_id` Nullable(Int64) COMMENT 'Key of the advertiser. NULL where none is known.',
    `advertiser_name` Nullable(String) COMMENT 'Display name of the advertiser.',
    `is_deleted` Nullable(Bool) COMMENT 'Whether the advertiser is gone from the database; NULL where it never was in it.',
    `impressions` Int64 COMMENT 'Impressions that exist now.',
    `share_of_impressions` Nullable(Float64) COMMENT 'Part of all impressions.',
    `clicks` Int64 COMMENT 'Clicks that exist now.',
    `share_of_clicks` Nullable(Float64) COMMENT 'Part of all clicks.',
    `spend_usd` Decimal(38, 6) COMMENT 'US dollars, exact to the micro-dollar; each day is priced at the bid that held at its end.',
    `share_of_spend` Nullable(Float64) COMMENT 'Part of all spend.'
)
COMMENT 'One row per advertiser, also without any activity: which share of impressions, clicks and spend does it have? Asked by ad operations.\nA day counts for the advertiser that had the campaign at the end of it. The row whose advertiser_id is NULL holds events of no known campaign, or of one without advertiser.\n'
AS WITH
    activity AS
    (
        SELECT
            campaigns.advertiser_id AS advertiser_id,
            daily.impressions AS impressions,
            daily.clicks AS clicks,
            daily.spend_usd AS spend_usd
        FROM duckhouse_marts.fct_ad_delivery_daily AS daily
        LEFT JOIN duckhouse_marts.dim_ad_delivery_campaigns_history AS campaigns ON daily.campaign_version_id = campaigns.campaign_version_id
        UNION ALL
        SELECT
            CAST(advertiser_id, 'Nullable(Int64)') AS advertiser_id,
            CAST(0, 'Int64') AS impressions,
            CAST(0, 'Int64') AS clicks,
            CAST(0, 'Decimal(38, 6)') AS spend_usd
        FROM duckhouse_marts.dim_ad_delivery_advertisers
    ),
    totals AS
    (
        SELECT
            activity.advertiser_id AS advertiser_id,
            sum(activity.impressions) AS impressions,
            sum(activity.clicks) AS clicks,
            sum(activity.spend_usd) AS spend_usd,
            sum(sum(activity.impressions)) OVER () AS all_impressions,
            sum(sum(activity.clicks)) OVER () AS all_clicks,
            sum(sum(activity.spend_usd)) OVER () AS all_spend
        FROM activity
        GROUP BY activity.advertiser_id
    ),
    final AS
    (
        SELECT
            CAST(totals.advertiser_id, 'Nullable(Int64)') AS advertiser_id,
            CAST(advertisers.advertiser_name, 'Nullable(String)') AS advertiser_name,
            CAST(advertisers.is_deleted, 'Nullable(Bool)') AS is_deleted,
            CAST(totals.impressions, 'Int64') AS impressions,
            CAST(CAST(totals.impressions, 'Nullable(Float64)') / nullIf(CAST(totals.all_impressions, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS share_of_impressions,
            CAST(totals.clicks, 'Int64') AS clicks,
            CAST(CAST(totals.clicks, 'Nullable(Float64)') / nullIf(CAST(totals.all_clicks, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS share_of_clicks,
            CAST(totals.spend_usd, 'Decimal(38, 6)') AS spend_usd,
            CAST(CAST(totals.spend_usd, 'Nullable(Float64)') / nullIf(CAST(totals.all_spend, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS share_of_spend
        FROM totals
        LEFT JOIN duckhouse_marts.dim_ad_delivery_advertisers AS advertisers ON totals.advertiser_id = advertisers.advertiser_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
