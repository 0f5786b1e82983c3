{#
    What each record of a table said about a row, and since when, one row per record: a delivery may have several
    records of an id. A change is valid from its commit or, where that is unknown, from its delivery, but never from
    before the previous change. A deletion is an observation too, without attributes.
#}
{% macro change_observations(staging, key, attributes) -%}
    select
        records.{{ key }} as {{ key }},
        {%- for column in attributes %}
        records.{{ column }} as {{ column }},
        {%- endfor %}
        {{ cast_to("records.operation = 'delete'", 'boolean') }} as is_deleted,
        {{ cast_to('records.' ~ key, 'text') }} || '@' || records._delivery_id || '@' || {{ cast_to('records._source_row', 'text') }}
            as observation_id,
        max(coalesce(records.changed_at, records._delivered_at)) over (
            partition by records.{{ key }}
            order by records._delivery_id, records._source_row
            rows between unbounded preceding and current row
        ) as _delivered_at,
        records._delivery_id as _delivery_id,
        records._source_row as _source_row
    from {{ staging }} as records
{%- endmacro %}
