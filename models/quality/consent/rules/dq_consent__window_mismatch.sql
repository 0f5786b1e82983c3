{%- set micros_of_hour = 3600 * 1000000 %}

with timed as (
    select
        *,
        date_diff('microsecond', window_start, event_at) as micros_after_start
    from {{ ref('stg_consent__events') }}
    where set_aside_reason is null
),

outside as (
    select * from timed
    where
        micros_after_start >= {{ micros_of_hour }}
        or micros_after_start between -{{ var('dq_window_reach_hours') }} * {{ micros_of_hour }} and -1
)

{{ findings_of_records(
    'outside', observed='timestamp_as_delivered', expected="'a time within the hour of WINDOW_START'",
    numbers=['micros_after_start'], texts=['company_id']
) }}
