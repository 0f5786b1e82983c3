{#
    The records that a staging model sets aside, by delivery. The columns are those that the YAML of the model names, as the
    kinds that it says.
#}
{% macro records_set_aside(staging) -%}
    {{ config(order_by='_source_file') }}
with records as (
    select * from {{ staging }}
    where
        set_aside_reason is not null
        and {{ is_new_in(staging, '_delivery_id') }}
),

final as (
    select
        {{ declared_columns('records') | indent(8) }}
    from records
)

select * from final
{%- endmacro %}


{# The columns that the YAML of a model names, cast to their kinds: for a select of a relation that has them all. #}
{% macro declared_columns(relation) -%}
    {%- if not execute -%}
        *
    {%- else -%}
        {%- if not model.columns -%}
            {%- do exceptions.raise_compiler_error(
                model.name ~ ' makes the columns that its YAML names, and it names none: list them under columns, '
                ~ 'each with its data_type'
            ) -%}
        {%- endif -%}
        {%- for column in model.columns.values() -%}
            {{ cast_to(relation ~ '.' ~ column.name, column.data_type) }} as {{ column.name }}{{ ',\n' if not loop.last }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
