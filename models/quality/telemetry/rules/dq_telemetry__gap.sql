{# the longest pause within a day, or the pause before its first reading #}
with device_days as (
    select
        event_date,
        device_id,
        sum(readings) as readings,
        min(first_at) as first_at,
        {{ cast_to('max(last_at)', 'timestamp_nullable') }} as last_at,
        max(usual_pause) as usual_pause,
        max(longest_pause) as longest_pause,
        max(last_of_run) as last_of_day
    from {{ ref('int_telemetry__device_days') }}
    where not is_early
    group by event_date, device_id
),

days as (
    select
        *,
        lag(last_at) over (partition by device_id order by event_date) as last_before,
        lag({{ cast_to('usual_pause', 'ratio_nullable') }}) over (partition by device_id order by event_date) as usual_before
    from device_days
),

pauses as (
    select
        *,
        greatest(
            coalesce(longest_pause, 0),
            case when last_before is null then 0 else date_diff('microsecond', last_before, first_at) end
        ) as pause,
        least(usual_pause, coalesce(usual_before, usual_pause)) as usual_interval
    from days
),

gaps as (
    select
        *,
        {{ cast_to('floor(pause / 1000000)', 'integer') }} as seconds,
        {{ cast_to('floor(usual_interval / 1000000)', 'integer') }} as usual_seconds
    from pauses
    where pause > {{ var('dq_gap_intervals') }} * usual_interval
)

{{ findings(
    'gaps', key="device_id || '|' || " ~ cast_to('event_date', 'text'), day='event_date',
    observed=cast_to('seconds', 'text') ~ " || ' s without a reading'",
    expected="'a reading every ' || " ~ cast_to('usual_seconds', 'text') ~ " || ' s'",
    numbers=['seconds', 'usual_seconds'], texts=['device_id'], first='last_of_day', last='last_of_day'
) }}
