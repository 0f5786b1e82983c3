{{ config(order_by='event_date') }}

{%- set diagnostics = ref('stg_ad_serving__diagnostics') %}

with touches as (
    select distinct
        diagnostics._delivery_id as _delivery_id,
        events.event_date as event_date
    from {{ diagnostics }} as diagnostics
    inner join {{ ref('fct_ad_events') }} as events on diagnostics.event_id = events.event_id
    where {{ is_new_in(diagnostics, 'diagnostics._delivery_id') }}
)

select * from touches
