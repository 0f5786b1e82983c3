{#
    For each device and day, the runs of its firmware in the order of its readings, and what rules need of neighbouring
    readings. Readings of a clock that runs ahead (is_early) are kept apart, because they would separate the others.
#}
{%- set days = incremental_by_day('fct_device_readings', order_by=['device_id', 'first_at']) %}
{%- set jump = var('dq_spike_degrees') %}
{%- set alike = var('dq_unit_degrees') %}
{%- set of_day = 'event_date, device_id, is_early' %}
{%- set jumped = 'least(abs(degrees - degrees_before), abs(degrees - degrees_after))' %}

with readings as (
    select
        event_date,
        device_id,
        is_early,
        event_at,
        firmware_version,
        temperature,
        {{ to_double('temperature') }} as degrees,
        {{ to_double('humidity') }} as humid,
        {{ unix_micros('coalesce(_produced_at, _consumed_at)') }} - {{ unix_micros('event_at') }} as delay,
        first_delivery_id,
        _delivery_id,
        _day_version
    from {{ ref('fct_device_readings') }}
    where {{ in_days('event_date', days) }}
),

neighbours as (
    select
        *,
        {{ of_neighbour('lag', 'event_at', 'timestamp_nullable') }} as event_before,
        {{ of_neighbour('lag', 'firmware_version', 'text_nullable') }} as firmware_before,
        {{ of_neighbour('lag', 'degrees', 'ratio_nullable') }} as degrees_before,
        {{ of_neighbour('lag', 'degrees', 'ratio_nullable', 2) }} as degrees_two_before,
        {{ of_neighbour('lead', 'degrees', 'ratio_nullable') }} as degrees_after
    from readings
),

hours as (
    select
        {{ of_day }},
        {{ hour_of('event_at') }} as hour_of_day,
        count(*) as hour_readings
    from readings
    group by {{ of_day }}, hour_of_day
),

usual as (
    select
        {{ of_day }},
        {{ median('hour_readings') }} as readings_an_hour
    from hours
    group by {{ of_day }}
),

steps as (
    select
        neighbours.*,
        date_diff('microsecond', neighbours.event_before, neighbours.event_at) as pause,
        3600000000 / usual.readings_an_hour as usual_pause,
        sum(case when neighbours.firmware_version is distinct from neighbours.firmware_before then 1 else 0 end)
            over until_now as firmware_run,
        sum(case when neighbours.degrees is distinct from neighbours.degrees_before then 1 else 0 end)
            over until_now as equal_run
    from neighbours
    inner join usual using ({{ of_day }})
    window until_now as (partition by {{ of_day }} order by event_at rows between unbounded preceding and current row)
),

judged as (
    select
        *,
        count(*) over (partition by {{ of_day }}, equal_run) as equal_readings,
        coalesce(
            {{ jumped }} >= {{ jump }}
            and (degrees > degrees_before) = (degrees > degrees_after)
            and 2 * abs(degrees_after - degrees_before) <= {{ jumped }},
            false
        ) as is_spike,
        coalesce(
            abs(degrees - degrees_before) >= {{ jump }}
            and abs(degrees - degrees_after) <= {{ alike }}
            and coalesce(abs(degrees_before - degrees_two_before) <= {{ alike }}, true)
            and least(
                abs(degrees - {{ fahrenheit('degrees_before') }}), abs(degrees_before - {{ fahrenheit('degrees') }})
            ) <= {{ alike }},
            false
        ) as is_unit_step,
        coalesce({{ vapour_pressure('degrees', 'humid') }} > {{ var('dq_vapour_pressure_hpa') }}, false) as is_impossible,
        coalesce(pause > {{ var('dq_gap_intervals') }} * usual_pause, false) as is_after_gap,
        delay < -1000000 * {{ var('dq_clock_seconds') }} as is_ahead
    from steps
),

final as (
    select
        {{ cast_to('event_date', 'date') }} as event_date,
        device_id,
        is_early,
        {{ cast_to('firmware_run', 'integer') }} as firmware_run,
        {{ cast_to('max(firmware_version)', 'text') }} as firmware_version,
        min(event_at) as first_at,
        max(event_at) as last_at,
        {{ cast_to('count(*)', 'integer') }} as readings,
        {{ cast_to('max(equal_readings)', 'integer') }} as longest_equal,
        {{ cast_to('count(*) filter (where degrees = degrees_before)', 'integer') }} as equal_steps,
        {{ cast_to('max(usual_pause)', 'ratio_nullable') }} as usual_pause,
        {{ cast_to('count(*) filter (where is_after_gap)', 'integer') }} as gaps,
        {{ cast_to('max(pause)', 'integer_nullable') }} as longest_pause,
        {{ cast_to('count(*) filter (where is_spike)', 'integer') }} as spikes,
        {{ cast_to('max(case when is_spike then temperature end)', 'money_nullable') }} as highest_spike,
        {{ cast_to('count(*) filter (where is_unit_step)', 'integer') }} as unit_steps,
        {{ cast_to('count(*) filter (where is_impossible)', 'integer') }} as impossible_pairs,
        {{ cast_to('count(*) filter (where is_ahead)', 'integer') }} as readings_ahead,
        {{ cast_to('min(delay)', 'integer_nullable') }} as least_delay,
        min(first_delivery_id) as first_of_run,
        max(_delivery_id) as last_of_run,
        {{ cast_to('max(_day_version)', 'category') }} as _day_version
    from judged
    group by {{ of_day }}, firmware_run
)

select * from final
