with latest as (
    select * from {{ ref('stg_ad_serving__diagnostics') }}
    where event_id is not null
    qualify row_number() over (partition by event_id order by {{ latest_first() }}) = 1
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
