{#
    What became of the records of each delivered file, as landing counts them and as models show them. One row per
    delivered file of the entities: its counts, and what models say about its records. `counted` lists relations with
    _delivery_id and _source_file, each with its aggregates by name; `derived` are expressions over those names. All
    landed records of a retracted delivery are retracted, whatever else they might be. The model has the columns that
    its YAML names.
#}
{% macro records_by_file(files, entities, counted, derived={}) -%}
with files as (
    select * from {{ files }}
    where {{ in_list('entity', entities) }}
),
{% for relation, aggregates in counted %}
counted_{{ loop.index }} as (
    select
        _delivery_id,
        _source_file,
        {%- for name, aggregate in aggregates.items() %}
        {{ aggregate }} as counted_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    group by _delivery_id, _source_file
),
{% endfor %}
accounted as (
    select
        files._delivery_id as _delivery_id,
        files._delivered_at as _delivered_at,
        files._source_file as _source_file,
        {%- for name in ['records_read', 'records_landed', 'records_rejected', 'records_blank'] %}
        files.{{ name }} as {{ name }},
        {%- endfor %}
        case when {{ is_counted('files._delivery_id') }} then 0 else files.records_landed end as records_retracted,
        {%- for relation, aggregates in counted %}
        {%- set place = loop.index %}
        {%- for name in aggregates %}
        coalesce(counted_{{ place }}.counted_{{ name }}, 0) as {{ name }},
        {%- endfor %}
        {%- endfor %}
        {%- for name, expression in derived.items() %}
        {{ expression }} as {{ name }},
        {%- endfor %}
        files.entity as entity
    from files
    {%- for _ in counted %}
    left join counted_{{ loop.index }}
        on
            files._delivery_id = counted_{{ loop.index }}._delivery_id
            and files._source_file = counted_{{ loop.index }}._source_file
    {%- endfor %}
),

final as (
    select
        {{ declared_columns('accounted') | indent(8) }}
    from accounted
)

select * from final
{%- endmacro %}
