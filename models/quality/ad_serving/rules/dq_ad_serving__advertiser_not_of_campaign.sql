with known as (
    select distinct
        campaign_id,
        advertiser_id
    from {{ ref('dim_campaigns_history') }}
    where advertiser_id is not null
),

owners as (
    select
        campaign_id,
        {{ ordered_text_agg('advertiser_id') }} as owner_ids
    from known
    group by campaign_id
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
