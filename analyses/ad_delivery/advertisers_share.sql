-- Which share of impressions, clicks and spend does each advertiser have?
-- Asked by ad ops. A day counts for the advertiser that had the campaign at the end of it.
-- One row per advertiser, also those without any activity; NULL holds events of no known campaign, or of one without
-- advertiser. US dollars, shares of all rows.
with activity as (
    select
        campaigns.advertiser_id as advertiser_id,
        daily.impressions as impressions,
        daily.clicks as clicks,
        daily.spend_usd as spend
    from {{ ref('fct_ad_delivery_daily') }} as daily
    left join {{ ref('dim_ad_delivery_campaigns_history') }} as campaigns
        on daily.campaign_version_id = campaigns.campaign_version_id
    union all
    select
        {{ cast_to('advertiser_id', 'integer_nullable') }} as advertiser_id,
        {{ cast_to('0', 'integer') }} as impressions,
        {{ cast_to('0', 'integer') }} as clicks,
        {{ cast_to('0', 'money') }} as spend
    from {{ ref('dim_ad_delivery_advertisers') }}
),

totals as (
    select
        advertiser_id,
        sum(impressions) as impression_count,
        sum(clicks) as click_count,
        sum(spend) as spend_sum,
        sum(sum(impressions)) over () as all_impressions,
        sum(sum(clicks)) over () as all_clicks,
        sum(sum(spend)) over () as all_spend
    from activity
    group by advertiser_id
)

select
    totals.advertiser_id as advertiser_id,
    advertisers.advertiser_name,
    advertisers.is_deleted,
    totals.impression_count as impressions,
    {{ ratio('totals.impression_count', 'totals.all_impressions') }} as share_of_impressions,
    totals.click_count as clicks,
    {{ ratio('totals.click_count', 'totals.all_clicks') }} as share_of_clicks,
    totals.spend_sum as spend_usd,
    {{ ratio('totals.spend_sum', 'totals.all_spend') }} as share_of_spend
from totals
left join {{ ref('dim_ad_delivery_advertisers') }} as advertisers
    on totals.advertiser_id = advertisers.advertiser_id
order by totals.advertiser_id
