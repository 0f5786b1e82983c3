with activity as (
    select
        campaign_id,
        impressions,
        clicks,
        spend_usd
    from {{ ref('fct_ad_delivery_daily') }}
    union all
    select
        {{ cast_to('campaign_id', 'integer_nullable') }} as campaign_id,
        {{ cast_to('0', 'integer') }} as impressions,
        {{ cast_to('0', 'integer') }} as clicks,
        {{ cast_to('0', 'money') }} as spend_usd
    from {{ ref('dim_ad_delivery_campaigns') }}
),

totals as (
    select
        activity.campaign_id as campaign_id,
        sum(activity.impressions) as impressions,
        sum(activity.clicks) as clicks,
        sum(activity.spend_usd) as spend_usd
    from activity
    group by activity.campaign_id
),

rated as (
    select
        totals.*,
        {{ ratio('totals.clicks', 'totals.impressions') }} as ctr,
        {{ wilson_columns('ctr', 'totals.clicks', 'totals.impressions') }}
    from totals
),

final as (
    select
        {{ declared_columns('rated', {
            'campaign_name': 'campaigns.campaign_name',
            'advertiser_id': 'campaigns.advertiser_id',
            'advertiser_name': 'advertisers.advertiser_name',
            'is_deleted': 'campaigns.is_deleted',
        }) | indent(8) }}
    from rated
    left join {{ ref('dim_ad_delivery_campaigns') }} as campaigns
        on rated.campaign_id = campaigns.campaign_id
    left join {{ ref('dim_ad_delivery_advertisers') }} as advertisers
        on campaigns.advertiser_id = advertisers.advertiser_id
)

select * from final
