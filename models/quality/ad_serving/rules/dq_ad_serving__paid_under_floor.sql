with underpaid as (
    select
        *,
        bid_floor_usd - revenue_usd as usd_under_floor
    from {{ ref('stg_ad_serving__events') }}
    where
        set_aside_reason is null
        and event_type = 'impression'
        and is_filled
        and revenue_usd > 0
        and revenue_usd < bid_floor_usd
)

{{ findings_of_records(
    'underpaid', observed=number_text('revenue_usd'), expected=number_text('bid_floor_usd') ~ " || ' or more'",
    impact='usd_under_floor', texts=['ad_unit_id', 'campaign_id', 'publisher_id']
) }}
