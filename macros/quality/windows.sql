{# A rule about events outside the hour that WINDOW_START names: by the microseconds from its start to the event. #}
{% macro findings_outside_window(condition) -%}
with timed as (
    select
        *,
        date_diff('microsecond', window_start, event_at) as micros_after_start
    from {{ ref('stg_consent__events') }}
    where set_aside_reason is null
),

outside as (
    select * from timed
    where {{ condition }}
)

{{ findings_of_records(
    'outside', observed='timestamp_as_delivered', expected="'a time within the hour of WINDOW_START'",
    numbers=['micros_after_start'], texts=['company_id']
) }}
{%- endmacro %}


{% macro micros_of_hours(hours) -%} {{ hours * 3600 * 1000000 }} {%- endmacro %}
