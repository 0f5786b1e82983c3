with activity as (
    select
        campaigns.advertiser_id as advertiser_id,
        daily.impressions as impressions,
        daily.clicks as clicks,
        daily.spend_usd as spend_usd
    from {{ ref('fct_ad_delivery_daily') }} as daily
    left join {{ ref('dim_ad_delivery_campaigns_history') }} as campaigns
        on daily.campaign_version_id = campaigns.campaign_version_id
    union all
    select
        {{ cast_to('advertiser_id', 'integer_nullable') }} as advertiser_id,
        {{ cast_to('0', 'integer') }} as impressions,
        {{ cast_to('0', 'integer') }} as clicks,
        {{ cast_to('0', 'money') }} as spend_usd
    from {{ ref('dim_ad_delivery_advertisers') }}
),

totals as (
    select
        activity.advertiser_id as advertiser_id,
        sum(activity.impressions) as impressions,
        sum(activity.clicks) as clicks,
        sum(activity.spend_usd) as spend_usd,
        sum(sum(activity.impressions)) over () as all_impressions,
        sum(sum(activity.clicks)) over () as all_clicks,
        sum(sum(activity.spend_usd)) over () as all_spend
    from activity
    group by activity.advertiser_id
),

final as (
    select
        {{ declared_columns('totals', {
            'advertiser_name': 'advertisers.advertiser_name',
            'is_deleted': 'advertisers.is_deleted',
            'share_of_impressions': ratio('totals.impressions', 'totals.all_impressions'),
            'share_of_clicks': ratio('totals.clicks', 'totals.all_clicks'),
            'share_of_spend': ratio('totals.spend_usd', 'totals.all_spend'),
        }) | indent(8) }}
    from totals
    left join {{ ref('dim_ad_delivery_advertisers') }} as advertisers
        on totals.advertiser_id = advertisers.advertiser_id
)

select * from final
