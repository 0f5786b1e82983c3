{% macro try_decimal(text) -%}
    {{ return(adapter.dispatch('try_decimal')(text)) }}
{%- endmacro %}

{% macro duckdb__try_decimal(text) -%}
    try_cast({{ text }} as decimal(38, 25))
{%- endmacro %}

{% macro clickhouse__try_decimal(text) -%}
    toDecimal128OrNull({{ text }}, 25)
{%- endmacro %}


{# A share of two counts as a double; NULL where the whole is 0. #}
{% macro ratio(part, whole) -%}
    cast({{ part }} as {{ sql_type('ratio_nullable') }}) / nullif(cast({{ whole }} as {{ sql_type('ratio_nullable') }}), 0)
{%- endmacro %}
