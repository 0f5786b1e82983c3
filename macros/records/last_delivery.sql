{#
    One row: the id of the last delivery that brought records, and the UTC day on which it came. Events of a later day
    come from a clock that runs ahead. records: a model of records_by_file().
#}
{% macro last_delivery(records) -%}
    select
        max(_delivery_id) as delivery_id,
        {{ cast_to('max(_delivered_at)', 'date') }} as delivery_date
    from {{ records }}
{%- endmacro %}
