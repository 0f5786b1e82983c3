with paid as (
    select
        event_id,
        event_date,
        publisher_id,
        campaign_id,
        revenue_usd,
        first_delivery_id,
        _delivery_id
    from {{ ref('fct_ad_events') }}
    where
        event_type = 'impression'
        and is_filled
        and revenue_usd > 0
)

select * from paid
