with sleepless as (
    select * from {{ ref('int_ad_serving__user_days') }}
    where hours > {{ var('dq_waking_hours') }}
)

{{ findings(
    'sleepless', key="user_id_hash || '|' || " ~ cast_to('event_date', 'text'), day='event_date',
    observed=cast_to('hours', 'text') ~ " || ' hours with events'", expected="'at most " ~ var('dq_waking_hours') ~ "'",
    records='events', impact='revenue_usd', numbers=['events', 'hours'], texts=['user_id_hash'],
    first='first_of_cell', last='last_of_cell'
) }}
