{%- set micros_of_hour = 3600 * 1000000 %}

with timed as (
    select
        *,
        date_diff('microsecond', window_start, event_at) as micros_after_start
    from {{ ref('stg_consent__events') }}
    where set_aside_reason is null
),

early as (
    select * from timed
    where
        micros_after_start < -{{ var('dq_window_reach_hours') }} * {{ micros_of_hour }}
)

{{ findings_of_records(
    'early', observed='timestamp_as_delivered', expected="'a time within the hour of WINDOW_START'",
    numbers=['micros_after_start'], texts=['company_id']
) }}
