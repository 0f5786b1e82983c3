{#
    The columns that the YAML of a model names, cast to their kinds: to select from a relation that has them all.
    `instead` gives, by name, the expression for a column that the relation has under another name, or lacks. dbt knows
    the YAML of a model only when it compiles the model.
#}
{% macro declared_columns(relation, instead={}) -%}
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
            {%- if not column.data_type -%}
                {% do exceptions.raise_compiler_error(
                    model.name ~ '.' ~ column.name ~ ': its YAML says no data_type, as data_type: text_nullable'
                ) %}
            {%- endif -%}
            cast({{ instead.get(column.name, relation ~ '.' ~ column.name) }} as {{ engine_type(column.data_type) }}) as {{ column.name }}
            {{- ',\n' if not loop.last }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
