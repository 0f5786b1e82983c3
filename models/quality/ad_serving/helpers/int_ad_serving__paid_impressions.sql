{%- set days = incremental_by_day('fct_ad_events', order_by=['publisher_id', 'campaign_id']) %}

with paid as (
    select
        event_date,
        publisher_id,
        campaign_id,
        revenue_usd,
        {{ cast_to('revenue_usd * 1000000', 'integer') }} as price_micros,
        first_delivery_id,
        _delivery_id,
        _day_version
    from {{ ref('fct_ad_events') }}
    where
        event_type = 'impression'
        and is_filled
        and revenue_usd > 0
        and {{ in_days('event_date', days) }}
)

select * from paid
