with versions as (
    {%- for versioned in [ref('int_telemetry__device_days'), ref('fct_device_readings'), ref('fct_device_reading_repeats')] %}
    select
        event_date,
        {{ cast_to('_day_version', 'text') }} as version_part
    from {{ versioned }}
    union distinct
    {%- endfor %}
    select
        event_date,
        'aside ' || {{ cast_to('count(*)', 'text') }}
        || '/' || {{ cast_to('count(*) filter (where is_repaired)', 'text') }} as version_part
    from {{ ref('fct_device_readings_set_aside') }}
    group by event_date
    having count(*) > count(*) filter (where is_repaired)
),

days as (
    select
        event_date,
        {{ ordered_text_agg('version_part') }} as _day_version
    from versions
    group by event_date
)

select * from days
