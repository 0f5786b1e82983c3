with owners as (
    {{ owners_of(ref('dim_campaigns_history'), 'campaign_id', 'advertiser_id') | indent(4) }}
),

strangers as (
    select
        events.*,
        owners.owner_ids as owner_ids
    from {{ ref('fct_ad_events') }} as events
    inner join owners on events.campaign_id = owners.campaign_id
    where ',' || owners.owner_ids || ',' not like '%,' || events.advertiser_id || ',%'
)

{{ findings_of_records(
    'strangers', observed="'advertiser ' || advertiser_id", expected="'advertiser ' || owner_ids", impact='revenue_usd',
    texts=['campaign_id']
) }}
