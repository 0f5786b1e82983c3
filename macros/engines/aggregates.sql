{% macro first_known_value(expression, window) -%}
    {{ return(adapter.dispatch('first_known_value')(expression, window)) }}
{%- endmacro %}

{% macro duckdb__first_known_value(expression, window) -%}
    first_value({{ expression }} ignore nulls) over {{ window }}
{%- endmacro %}

{% macro clickhouse__first_known_value(expression, window) -%}
    first_value({{ expression }}) ignore nulls over {{ window }}
{%- endmacro %}


{% macro ordered_text_agg(expression) -%}
    {{ return(adapter.dispatch('ordered_text_agg')(expression)) }}
{%- endmacro %}

{% macro duckdb__ordered_text_agg(expression) -%}
    coalesce(string_agg({{ expression }}, ',' order by {{ expression }}), '')
{%- endmacro %}

{% macro clickhouse__ordered_text_agg(expression) -%}
    arrayStringConcat(arraySort(groupArray({{ expression }})), ',')
{%- endmacro %}


{% macro median(expression) -%}
    {{ return(adapter.dispatch('median')(expression)) }}
{%- endmacro %}

{% macro duckdb__median(expression) -%}
    quantile_cont({{ expression }}, 0.5)
{%- endmacro %}

{% macro clickhouse__median(expression) -%}
    quantileExactInclusiveOrNull(0.5)({{ expression }})
{%- endmacro %}
