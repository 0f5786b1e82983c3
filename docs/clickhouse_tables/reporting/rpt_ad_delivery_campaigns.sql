CREATE VIEW duckhouse_reporting.rpt_ad_delivery_campaigns
(
    `campaign_id` Nullable(Int64) COMMENT 'Key of the campaign; NULL where the row of the database has none.',
    `campaign_name` Nullable(String) COMMENT 'Display name.',
    `advertiser_id` Nullable(Int64) COMMENT 'Key of the advertiser. NULL where none is known.',
    `advertiser_name` Nullable(String) COMMENT 'Display name of the advertiser.',
    `is_deleted` Nullable(Bool) COMMENT 'Whether the campaign is gone from the database; NULL where it never was in it.',
    `impressions` Int64 COMMENT 'Impressions that exist now.',
    `clicks` Int64 COMMENT 'Clicks that exist now.',
    `ctr` Nullable(Float64) COMMENT 'Clicks per ad shown: clicks / impressions. NULL without impressions; above 1 where clicks outnumber them.\n',
    `ctr_low` Nullable(Float64) COMMENT 'Lower end of the Wilson interval of ctr (var confidence_z, 95 percent). NULL without impressions, and where clicks outnumber them: a click does not say of which impression it is, and rows get deleted.\n',
    `ctr_high` Nullable(Float64) COMMENT 'Upper end of that interval.',
    `spend_usd` Decimal(38, 6) COMMENT 'US dollars, exact to the micro-dollar; each day is priced at the bid that held at its end.'
)
COMMENT 'One row per campaign, also without any event: how often are its impressions clicked, how sure is that, and what do they cost? Asked by ad operations.\nCampaigns whose intervals overlap may well do equally. Events of a campaign that the database does not have are a row without a name, those without a campaign the row whose campaign_id is NULL. Events without a time count in fct_ad_delivery_set_aside only.\n'
AS WITH
    activity AS
    (
        SELECT
            campaign_id,
            impressions,
            clicks,
            spend_usd
        FROM duckhouse_marts.fct_ad_delivery_daily
        UNION ALL
        SELECT
            CAST(campaign_id, 'Nullable(Int64)') AS campaign_id,
            CAST(0, 'Int64') AS impressions,
            CAST(0, 'Int64') AS clicks,
            CAST(0, 'Decimal(38, 6)') AS spend_usd
        FROM duckhouse_marts.dim_ad_delivery_campaigns
    ),
    totals AS
    (
        SELECT
            activity.campaign_id AS campaign_id,
            sum(activity.impressions) AS impressions,
            sum(activity.clicks) AS clicks,
            sum(activity.spend_usd) AS spend_usd
        FROM activity
        GROUP BY activity.campaign_id
    ),
    rated AS
    (
        SELECT
            totals.*,
            CAST(totals.clicks, 'Nullable(Float64)') / nullIf(CAST(totals.impressions, 'Nullable(Float64)'), 0) AS ctr,
            multiIf((totals.clicks = 0) AND (totals.impressions > 0), CAST(0, 'Nullable(Float64)'), ((CAST(totals.clicks, 'Nullable(Float64)') + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 2)) - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(multiIf(totals.clicks <= totals.impressions, (CAST(totals.clicks, 'Nullable(Float64)') * (CAST(totals.impressions, 'Nullable(Float64)') - CAST(totals.clicks, 'Nullable(Float64)'))) / nullIf(CAST(totals.impressions, 'Nullable(Float64)'), 0), NULL) + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 4)))) / (CAST(totals.impressions, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')))) AS ctr_low,
            multiIf((totals.clicks = totals.impressions) AND (totals.impressions > 0), CAST(1, 'Nullable(Float64)'), ((CAST(totals.clicks, 'Nullable(Float64)') + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 2)) + (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(multiIf(totals.clicks <= totals.impressions, (CAST(totals.clicks, 'Nullable(Float64)') * (CAST(totals.impressions, 'Nullable(Float64)') - CAST(totals.clicks, 'Nullable(Float64)'))) / nullIf(CAST(totals.impressions, 'Nullable(Float64)'), 0), NULL) + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 4)))) / (CAST(totals.impressions, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')))) AS ctr_high
        FROM totals
    ),
    final AS
    (
        SELECT
            CAST(rated.campaign_id, 'Nullable(Int64)') AS campaign_id,
            CAST(campaigns.campaign_name, 'Nullable(String)') AS campaign_name,
            CAST(campaigns.advertiser_id, 'Nullable(Int64)') AS advertiser_id,
            CAST(advertisers.advertiser_name, 'Nullable(String)') AS advertiser_name,
            CAST(campaigns.is_deleted, 'Nullable(Bool)') AS is_deleted,
            CAST(rated.impressions, 'Int64') AS impressions,
            CAST(rated.clicks, 'Int64') AS clicks,
            CAST(rated.ctr, 'Nullable(Float64)') AS ctr,
            CAST(rated.ctr_low, 'Nullable(Float64)') AS ctr_low,
            CAST(rated.ctr_high, 'Nullable(Float64)') AS ctr_high,
            CAST(rated.spend_usd, 'Decimal(38, 6)') AS spend_usd
        FROM rated
        LEFT JOIN duckhouse_marts.dim_ad_delivery_campaigns AS campaigns ON rated.campaign_id = campaigns.campaign_id
        LEFT JOIN duckhouse_marts.dim_ad_delivery_advertisers AS advertisers ON campaigns.advertiser_id = advertisers.advertiser_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
