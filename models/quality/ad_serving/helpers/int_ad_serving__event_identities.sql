{#
    Latest diagnostics by event. Most events have one such record, which needs no sorting: only the others go through
    the window.
#}
{%- set days = incremental_by_day('int_ad_serving__identity_days', order_by=['event_id']) %}
{%- set diagnostics = ref('stg_ad_serving__diagnostics') %}
{%- set of_events = 'true' if days is none else 'event_id in (select events.event_id from events)' %}
{%- set repeated = keys_of_several_records(diagnostics, 'event_id', of_events) %}

with events as (
    select * from {{ ref('fct_ad_events') }}
    where {{ in_days('event_date', days) }}
),

latest as (
    select * from {{ diagnostics }}
    where
        {{ of_events }}
        and event_id not in ({{ repeated | indent(12) }})
    union all
    select * from (
        select * from {{ diagnostics }}
        where event_id in ({{ repeated | indent(12) }})
        qualify row_number() over (partition by event_id order by {{ latest_first() }}) = 1
    ) as latest_of_several
),

identities as (
    select
        events.event_id as event_id,
        events.event_type as event_type,
        events.event_at as event_at,
        events.event_date as event_date,
        events.publisher_id as publisher_id,
        events.country_code as country_code,
        events.revenue_usd as revenue_usd,
        events.first_delivery_id as first_delivery_id,
        greatest(events._delivery_id, latest._delivery_id) as last_delivery_id,
        latest.user_id_hash,
        latest.bid_request_id,
        latest.ip_prefix,
        latest.user_agent,
        latest._source_file as _source_file,
        latest._source_row as _source_row,
        latest._delivery_id as _delivery_id,
        identity_days._day_version as _day_version
    from events
    inner join latest on events.event_id = latest.event_id
    inner join {{ ref('int_ad_serving__identity_days') }} as identity_days on events.event_date = identity_days.event_date
)

select * from identities
