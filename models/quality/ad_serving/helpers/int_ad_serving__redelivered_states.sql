{{ config(materialized='table') }}

{#- the least text of each group takes DuckDB ten times as long as a count: few keys have several records #}
{%- set events = ref('stg_ad_serving__events') -%}

with redelivered as (
    select event_id
    from {{ events }}
    where
        set_aside_reason is null
        and event_id in ({{ keys_of_several_records(events, 'event_id', 'set_aside_reason is null') | indent(8) }})
    group by event_id
    having min(_delivery_id) < max(_delivery_id)
),

records as (
    select
        events.event_id as event_id,
        events.event_date,
        events.event_type,
        events.publisher_id,
        events.ad_unit_id,
        events.campaign_id,
        events.advertiser_id,
        events.revenue_usd,
        events.has_unparsable_revenue,
        events.set_aside_reason,
        events._delivery_id,
        events._source_file,
        events._source_row
    from {{ events }} as events
    inner join redelivered on events.event_id = redelivered.event_id
),

states as (
    {{ redelivered_events(
        'records', ['event_date', 'event_type', 'publisher_id', 'ad_unit_id', 'campaign_id', 'advertiser_id', 'revenue_usd']
    ) | indent(4) }}
)

select * from states
