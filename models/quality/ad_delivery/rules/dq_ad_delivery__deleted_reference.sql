with active as (
    select
        campaign_id,
        {{ cast_to('sum(impressions + clicks)', 'integer') }} as events,
        sum(spend_usd) as spent_usd
    from {{ ref('fct_ad_delivery_daily') }}
    where impressions + clicks > 0
    group by campaign_id
),

gone as (
    select
        active.campaign_id as campaign_id,
        active.events as events,
        active.spent_usd as spent_usd,
        campaigns.campaign_name as gone_name,
        campaigns.deleted_at as deleted_at
    from active
    inner join {{ ref('dim_ad_delivery_campaigns') }} as campaigns on active.campaign_id = campaigns.campaign_id
    where campaigns.is_deleted
),

named as (
    {{ with_deliveries_behind('gone', by=['campaign_id']) | indent(4) }}
),

referenced as (
    select
        'campaigns/' || {{ cast_to('campaign_id', 'text') }} as gone_key,
        'events' as named_by,
        events as referring_rows,
        {{ cast_to('spent_usd', 'money_nullable') }} as spent_usd,
        gone_name,
        deleted_at,
        first_of_cell,
        last_of_cell
    from named
    union all
    select
        'advertisers/' || {{ cast_to('advertisers.advertiser_id', 'text') }} as gone_key,
        'campaigns' as named_by,
        {{ cast_to('count(*)', 'integer') }} as referring_rows,
        {{ cast_to('null', 'money_nullable') }} as spent_usd,
        max(advertisers.advertiser_name) as gone_name,
        max(advertisers.deleted_at) as deleted_at,
        min(campaigns._delivery_id) as first_of_cell,
        max(campaigns._delivery_id) as last_of_cell
    from {{ ref('dim_ad_delivery_advertisers') }} as advertisers
    inner join {{ ref('dim_ad_delivery_campaigns') }} as campaigns on advertisers.advertiser_id = campaigns.advertiser_id
    where
        advertisers.is_deleted
        and not campaigns.is_deleted
    group by advertisers.advertiser_id
)

{{ findings(
    'referenced', key='gone_key', observed=cast_to('referring_rows', 'text') ~ " || ' ' || named_by || ' name a deleted row'",
    expected="'a row that exists'", records='referring_rows', impact='spent_usd', texts=['gone_name'],
    first='first_of_cell', last='last_of_cell'
) }}
