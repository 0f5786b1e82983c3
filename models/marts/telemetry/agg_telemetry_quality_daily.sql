{%- set days = incremental_by_day('int_telemetry__message_days', order_by=['device_id', 'firmware_version']) %}

with messages as (
    select
        event_date,
        device_id,
        {{ cast_to('firmware_version', 'text') }} as firmware_version,
        {{ cast_to("'reading'", 'text') }} as became,
        is_late,
        is_early,
        0 as gaps_before
    from {{ ref('fct_device_readings') }}
    union all
    select
        event_date,
        device_id,
        firmware_version,
        case when is_conflict then 'conflict' else 'duplicate' end as became,
        is_late,
        is_early,
        0 as gaps_before
    from {{ ref('fct_device_reading_repeats') }}
    union all
    select
        event_date,
        device_id,
        firmware_version,
        {{ cast_to('set_aside_reason', 'text') }} as became,
        false as is_late,
        false as is_early,
        0 as gaps_before
    from {{ ref('fct_device_readings_set_aside') }}
    where not is_repaired
    union all
    select
        event_date,
        device_id,
        firmware_version,
        {{ cast_to("'gap'", 'text') }} as became,
        false as is_late,
        false as is_early,
        gaps as gaps_before
    from {{ ref('int_telemetry__device_days') }}
    where gaps > 0
),

counted as (
    select
        event_date,
        device_id,
        firmware_version,
        count(*) filter (where became <> 'gap') as received,
        count(*) filter (where became in ('reading', 'duplicate', 'conflict')) as valid,
        count(*) filter (where became = 'reading') as readings,
        count(*) filter (where became = 'duplicate') as duplicates,
        count(*) filter (where became = 'conflict') as conflicts,
        count(*) filter (where became not in ('reading', 'duplicate', 'conflict', 'gap')) as invalid,
        {%- for fault in faults_of_messages() %}
        count(*) filter (where became = '{{ fault }}') as invalid_{{ fault }},
        {%- endfor %}
        count(*) filter (where is_late) as late,
        count(*) filter (where is_early) as early,
        sum(gaps_before) as gaps
    from messages
    where {{ in_days('event_date', days) }}
    group by event_date, device_id, firmware_version
),

final as (
    select
        {{ declared_columns('counted', {'_day_version': 'message_days._day_version'}) | indent(8) }}
    from counted
    inner join {{ ref('int_telemetry__message_days') }} as message_days on counted.event_date = message_days.event_date
)

select * from final
