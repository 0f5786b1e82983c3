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


{% macro median(expression) -%} {{ percentile(expression, 50) }} {%- endmacro %}


{% macro percentile(expression, percent) -%}
    {{ return(adapter.dispatch('percentile')(expression, percent / 100)) }}
{%- endmacro %}

{% macro duckdb__percentile(expression, share) -%}
    quantile_cont({{ expression }}, {{ share }})
{%- endmacro %}

{% macro clickhouse__percentile(expression, share) -%}
    quantileExactInclusiveOrNull({{ share }})({{ expression }})
{%- endmacro %}
