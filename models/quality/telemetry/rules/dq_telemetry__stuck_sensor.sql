{#
    The length of a series of equal values that chance explains follows from how often the device repeats a value
    outside the series: in n readings the longest is about log(n) / -log(share). A sensor that reports integer degrees
    repeats values often, and is not stuck.
#}
with device_days as (
    select
        event_date,
        device_id,
        sum(readings) as day_readings,
        max(longest_equal) as equal_readings,
        sum(equal_steps) as repeats,
        min(first_of_run) as first_of_day,
        max(last_of_run) as last_of_day
    from {{ ref('int_telemetry__device_days') }}
    where not is_early
    group by event_date, device_id
),

shares as (
    select
        *,
        greatest(
            {{ ratio('repeats - equal_readings + 1', 'day_readings - equal_readings') }}, {{ ratio('1', 'day_readings') }}
        ) as repeat_share
    from device_days
    where equal_readings >= {{ var('dq_stuck_readings') }}
),

stuck as (
    select * from shares
    where
        day_readings = equal_readings
        or -ln(repeat_share) * equal_readings > {{ var('dq_stuck_times') }} * ln({{ to_double('day_readings') }})
)

{{ findings(
    'stuck', key="device_id || '|' || " ~ cast_to('event_date', 'text'), day='event_date',
    observed=cast_to('equal_readings', 'text') ~ " || ' equal temperatures in a row'", expected="'values that move'",
    records='equal_readings', numbers=['day_readings'], texts=['device_id'], first='first_of_day', last='last_of_day'
) }}
