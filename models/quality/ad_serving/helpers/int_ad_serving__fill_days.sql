{%- set days = incremental_by_day('fct_ad_events', order_by=['country_code', 'publisher_id']) %}

with fill_days as (
    select
        event_date,
        country_code,
        device_type,
        publisher_id,
        {{ cast_to('count(*)', 'integer') }} as impressions,
        {{ cast_to('count(*) filter (where is_filled)', 'integer') }} as filled,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell,
        max(_day_version) as _day_version
    from {{ ref('fct_ad_events') }}
    where
        event_type = 'impression'
        and {{ in_days('event_date', days) }}
    group by event_date, country_code, device_type, publisher_id
)

select * from fill_days
