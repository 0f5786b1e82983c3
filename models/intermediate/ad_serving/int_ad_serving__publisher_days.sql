{%- set events = ref('stg_ad_serving__events') %}

with publisher_days as (
    select distinct
        {{ cast_to('publisher_id', 'text') }} as publisher_id,
        {{ cast_to('event_date', 'date') }} as event_date,
        _delivery_id
    from {{ events }}
    where
        set_aside_reason is null
        and publisher_id is not null
        and {{ is_new_in(events, '_delivery_id') }}
)

select * from publisher_days
