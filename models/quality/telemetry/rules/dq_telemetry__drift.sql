{#
    Compares the lowest and highest temperature of an hour with those of the same hour on up to seven days before, less
    the fleet's change in that time: a single outlier moves only one of the two. Warmer air can hold more water, so its
    relative humidity falls; where humidity hardly moved, the sensor drifted.
#}
{%- set days_before %}over (partition by device_id, hour order by event_date rows between 7 preceding and 1 preceding){% endset %}
{%- set compared = ['temperature_min', 'temperature_max', 'humidity_mean'] %}

with hours as (
    select
        device_id,
        event_date,
        hour,
        {%- for column in compared %}
        {{ column }},
        {{ cast_to('sum(' ~ column ~ ') ' ~ days_before, 'money_nullable') }} as {{ column }}_sum,
        {%- endfor %}
        count(*) {{ days_before }} as days_before
    from {{ ref('agg_device_hourly') }}
),

compared as (
    select
        {%- for column in compared %}
        {{ to_double(share_of(column ~ '_sum', '1', 'days_before')) }} as {{ column }}_before,
        {{ to_double(column ~ ' - ' ~ share_of(column ~ '_sum', '1', 'days_before')) }} as {{ column }}_step,
        {%- endfor %}
        device_id,
        event_date,
        hour
    from hours
    where days_before > 0
),

changes as (
    select
        *,
        case
            when temperature_min_step > 0 and temperature_max_step > 0
                then least(temperature_min_step, temperature_max_step)
            when temperature_min_step < 0 and temperature_max_step < 0
                then greatest(temperature_min_step, temperature_max_step)
            else 0
        end as degrees_moved
    from compared
),

fleet as (
    select
        event_date,
        hour,
        case when count(*) >= {{ var('dq_least_peers') }} then {{ median('degrees_moved') }} else 0 end as usual_move
    from changes
    group by event_date, hour
),

drifted_hours as (
    select
        changes.device_id as device_id,
        changes.event_date as event_date,
        {{ cast_to('changes.degrees_moved - fleet.usual_move', 'money') }} as drifted
    from changes
    inner join fleet
        on
            changes.event_date = fleet.event_date
            and changes.hour = fleet.hour
    where
        abs(changes.degrees_moved - fleet.usual_move) >= {{ var('dq_drift_degrees') }}
        and abs(changes.humidity_mean_step) <= {{ var('dq_drift_humidity_share') }} * abs(
            changes.humidity_mean_before * (
                {{ vapour_pressure('changes.temperature_min_before', '100') }}
                / ({{ vapour_pressure('(changes.temperature_min_before + changes.degrees_moved)', '100') }}) - 1
            )
        )
),

deliveries as (
    {{ deliveries_of_device_days() | indent(4) }}
),

drifts as (
    select
        drifted_hours.device_id as device_id,
        drifted_hours.event_date as event_date,
        count(*) as hours_drifted,
        max(abs(drifted_hours.drifted)) as furthest,
        max(deliveries.first_of_day) as first_of_drift,
        max(deliveries.last_of_day) as last_of_drift
    from drifted_hours
    inner join deliveries
        on
            drifted_hours.device_id = deliveries.device_id
            and drifted_hours.event_date = deliveries.event_date
    group by drifted_hours.device_id, drifted_hours.event_date
    having count(*) >= {{ var('dq_least_peers') }}
)

{{ findings(
    'drifts', key="device_id || '|' || " ~ cast_to('event_date', 'text'), day='event_date',
    observed="'up to ' || " ~ number_text('floor(furthest)') ~ " || ' degrees from the days before'",
    expected="'a humidity that follows'", records='hours_drifted', texts=['device_id'], first='first_of_drift',
    last='last_of_drift'
) }}
