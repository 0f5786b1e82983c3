{#
    The findings of a rule about days on which a device has at least a given number of readings of a kind: column is
    their count in int_telemetry__device_days, extreme an aggregate that observed may show. Readings of a clock that
    runs ahead are included only on request.
#}
{% macro findings_of_device_days(column, observed, expected, extreme='0', least=1, early_too=false) -%}
with device_days as (
    select
        event_date,
        device_id,
        sum(readings) as readings,
        sum({{ column }}) as counted,
        {{ cast_to(extreme, 'money_nullable') }} as extreme,
        min(first_of_run) as first_of_day,
        max(last_of_run) as last_of_day
    from {{ ref('int_telemetry__device_days') }}
    {{ 'where not is_early' if not early_too }}
    group by event_date, device_id
),

at_fault as (
    select * from device_days
    where counted >= {{ least }}
)

{{ findings(
    'at_fault', key="device_id || '|' || " ~ cast_to('event_date', 'text'), day='event_date', observed=observed, expected=expected,
    records='counted', numbers=['readings'], texts=['device_id'], first='first_of_day', last='last_of_day'
) }}
{%- endmacro %}


{# The first and the last delivery of the readings of a device on a day. #}
{% macro deliveries_of_device_days() -%}
    select
        event_date,
        device_id,
        min(first_of_run) as first_of_day,
        max(last_of_run) as last_of_day
    from {{ ref('int_telemetry__device_days') }}
    group by event_date, device_id
{%- endmacro %}
