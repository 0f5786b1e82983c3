with usual as (
    select
        device_id,
        {{ median('messages') }} as usual_messages,
        count(*) as hours
    from {{ ref('agg_device_hourly') }}
    group by device_id
),

deliveries as (
    {{ deliveries_of_device_days() | indent(4) }}
),

floods as (
    select
        hourly.device_id as device_id,
        hourly.event_date as event_date,
        hourly.hour as hour,
        hourly.messages as messages,
        hourly.readings as readings,
        usual.usual_messages as usual_messages,
        deliveries.first_of_day as first_of_day,
        deliveries.last_of_day as last_of_day
    from {{ ref('agg_device_hourly') }} as hourly
    inner join usual on hourly.device_id = usual.device_id
    inner join deliveries
        on
            hourly.device_id = deliveries.device_id
            and hourly.event_date = deliveries.event_date
    where
        usual.hours >= {{ var('dq_least_peers') }}
        and hourly.messages >= {{ var('dq_times_peers') }} * usual.usual_messages
        and {{ stands_out('hourly.messages', 'usual.usual_messages') }}
)

{{ findings(
    'floods', key="device_id || '|' || " ~ cast_to('event_date', 'text') ~ " || '|' || " ~ cast_to('hour', 'text'), day='event_date',
    observed=cast_to('messages', 'text') ~ " || ' messages in an hour'",
    expected="'about ' || " ~ cast_to(cast_to('floor(usual_messages)', 'integer'), 'text'),
    records='messages', numbers=['hour', 'readings'], texts=['device_id'], first='first_of_day', last='last_of_day'
) }}
