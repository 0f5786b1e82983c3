{#
    The staged records that a rebuild of the days must read: those in the deliveries and on the days that hold any record of
    an event that was ever seen on one of the days. Literals, so that both engines open only those parts of staging.
#}
{% macro in_touching_records(touches, days) -%}
    {%- if days is none -%}
        true
    {%- elif days | length == 0 -%}
        false
    {%- else -%}
        {%- set query -%}
            select distinct
                delivery_id,
                {{ cast_to('record_date', 'text') }} as record_day
            from {{ touches }}
            where {{ in_days('event_date', days) }}
        {%- endset -%}
        {%- set found = run_query(query) -%}
        {{ in_list('_delivery_id', found.columns[0].values() | unique | list) }}
        and {{ in_days('event_date', found.columns[1].values() | unique | sort | list) }}
    {%- endif -%}
{%- endmacro %}
