{%- set events = ref('stg_ad_serving__events') %}

with staged as (
    select
        event_id,
        event_date,
        _delivery_id as staged_delivery_id
    from {{ events }}
    where set_aside_reason is null
),

new_records as (
    select distinct
        event_id,
        staged_delivery_id as loading_delivery_id
    from staged
    where {{ is_new_in(events, 'staged_delivery_id') }}
),

touches as (
    select distinct
        new_records.loading_delivery_id as _delivery_id,
        staged.staged_delivery_id as delivery_id,
        {{ cast_to('staged.event_date', 'date') }} as event_date
    from new_records
    inner join staged on new_records.event_id = staged.event_id
)

select * from touches
