{%- set events = ref('stg_ad_serving__events') %}

with staged as (
    select
        event_id,
        event_date,
        _delivery_id as staged_delivery_id
    from {{ events }}
    where set_aside_reason is null
),

loaded_events as (
    select distinct
        event_id,
        staged_delivery_id as loaded_delivery_id
    from staged
    where {{ is_new_in(events, 'staged_delivery_id') }}
),

records as (
    select distinct
        loaded_events.loaded_delivery_id,
        staged.event_id as event_id,
        staged.event_date,
        staged.staged_delivery_id
    from loaded_events
    inner join staged on loaded_events.event_id = staged.event_id
),

touches as (
    select distinct
        holding.loaded_delivery_id as _delivery_id,
        holding.staged_delivery_id as delivery_id,
        {{ cast_to('holding.event_date', 'date') }} as record_date,
        {{ cast_to('seen.event_date', 'date') }} as event_date
    from records as holding
    inner join records as seen
        on
            holding.event_id = seen.event_id
            and holding.loaded_delivery_id = seen.loaded_delivery_id
)

select * from touches
