{#
    One row, report_day: the day that the user asks for (var report_day), else the latest full UTC day, or the given
    number of days before it.
#}
{% macro report_day(days_before=0) -%}
    select
        coalesce(
            {{ cast_to("nullif('" ~ var('report_day', '') ~ "', '')", 'date_nullable') }},
            {{ cast_to('max(event_date) - interval ' ~ days_before ~ ' day', 'date') }}
        ) as report_day
    from {{ ref('rpt_ad_serving_days') }}
    where is_full_day
{%- endmacro %}
