-- How often are the impressions of each campaign clicked, and how sure is that?
-- Asked by ad ops. ctr_low to ctr_high is the Wilson interval of 95 percent (var confidence_z): campaigns whose intervals
-- overlap may well do equally. No CTR without impressions; no interval where clicks outnumber impressions, because a click
-- does not say of which impression it is, and rows get deleted.
-- One row per campaign, also those without any event and those that no table of campaigns knows; NULL holds events
-- without campaign. Events without a time are in fct_ad_delivery_set_aside.
with activity as (
    select
        campaign_id,
        impressions,
        clicks
    from {{ ref('fct_ad_delivery_hourly') }}
    union all
    select
        {{ cast_to('campaign_id', 'integer_nullable') }} as campaign_id,
        {{ cast_to('0', 'integer') }} as impressions,
        {{ cast_to('0', 'integer') }} as clicks
    from {{ ref('dim_ad_delivery_campaigns') }}
),

totals as (
    select
        campaign_id,
        sum(impressions) as impression_count,
        sum(clicks) as click_count
    from activity
    group by campaign_id
)

select
    totals.campaign_id as campaign_id,
    campaigns.campaign_name,
    campaigns.advertiser_id,
    campaigns.is_deleted,
    totals.impression_count as impressions,
    totals.click_count as clicks,
    {{ ratio('totals.click_count', 'totals.impression_count') }} as ctr,
    {{ wilson_columns('ctr', 'totals.click_count', 'totals.impression_count') }}
from totals
left join {{ ref('dim_ad_delivery_campaigns') }} as campaigns
    on totals.campaign_id = campaigns.campaign_id
order by totals.campaign_id
