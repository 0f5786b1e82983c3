{# The staged deliveries that hold any record of an event that was ever seen on one of the days: all that a rebuild of them reads. #}
{% macro in_touching_deliveries(touches, column, days) -%}
    {%- if days is none -%}
        true
    {%- elif days | length == 0 -%}
        false
    {%- else -%}
        {%- set query -%}
            select distinct delivery_id from {{ touches }} where {{ in_days('event_date', days) }}
        {%- endset -%}
        {{ in_list(column, run_query(query).columns[0].values() | list) }}
    {%- endif -%}
{%- endmacro %}
