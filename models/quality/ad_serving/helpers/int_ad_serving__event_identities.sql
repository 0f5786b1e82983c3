{#
    Latest diagnostics by event. Most events have one record of them, which needs no order: the window sees the others only.
#}
{%- set diagnostics = ref('stg_ad_serving__diagnostics') %}
{%- set repeated = keys_of_several_records(diagnostics, 'event_id', 'event_id is not null') %}

with latest as (
    select * from {{ diagnostics }}
    where
        event_id is not null
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
        latest._delivery_id as _delivery_id
    from {{ ref('fct_ad_events') }} as events
    inner join latest on events.event_id = latest.event_id
)

select * from identities
