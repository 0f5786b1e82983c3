{{ config(order_by='event_date') }}

{%- set events = ref('stg_ad_serving__events') %}

with publisher_days as (
    select distinct
        {{ cast_to('events.publisher_id', 'text') }} as publisher_id,
        {{ cast_to('events.event_date', 'date') }} as event_date,
        events._delivery_id as _delivery_id
    from {{ events }} as events
    where
        events.set_aside_reason is null
        and events.publisher_id is not null
        and {{ is_new_in(events, 'events._delivery_id') }}
)

select * from publisher_days
