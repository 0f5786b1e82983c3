{% macro sql_type(kind) -%}
    {{ return(var('types')[target.type][kind]) }}
{%- endmacro %}

{% macro cast_to(expression, kind) -%}
    cast({{ expression }} as {{ sql_type(kind) }})
{%- endmacro %}
