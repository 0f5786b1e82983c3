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


{% macro median(expression) -%} {{ quantile(expression, 0.5) }} {%- endmacro %}


{# A percentile of a whole number. It is a multiple of 0.01; the engines' own arithmetic differs in the last bit. #}
{% macro percentile(expression, percent) -%} round({{ quantile(expression, percent / 100) }}, 2) {%- endmacro %}


{% macro quantile(expression, share) -%}
    {{ return(adapter.dispatch('quantile')(expression, share)) }}
{%- endmacro %}

{% macro duckdb__quantile(expression, share) -%}
    quantile_cont({{ expression }}, {{ share }})
{%- endmacro %}

{% macro clickhouse__quantile(expression, share) -%}
    quantileExactInclusiveOrNull({{ share }})({{ expression }})
{%- endmacro %}
