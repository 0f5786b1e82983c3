with people as (
    select
        user_id_hash,
        event_date,
        count(*) as events,
        count(distinct {{ hour_of('event_at') }}) as hours,
        sum(revenue_usd) as revenue_usd,
        min(first_delivery_id) as first_of_cell,
        max(last_delivery_id) as last_of_cell
    from {{ ref('int_ad_serving__event_identities') }}
    where user_id_hash is not null
    group by user_id_hash, event_date
),

sleepless as (
    select * from people
    where hours > {{ var('dq_waking_hours') }}
)

{{ findings(
    'sleepless', key="user_id_hash || '|' || " ~ cast_to('event_date', 'text'), day='event_date',
    observed=cast_to('hours', 'text') ~ " || ' hours with events'", expected="'at most " ~ var('dq_waking_hours') ~ "'",
    records='events', impact='revenue_usd', numbers=['events', 'hours'], texts=['user_id_hash'],
    first='first_of_cell', last='last_of_cell'
) }}
