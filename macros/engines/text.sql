{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro clickhouse__matches(text, pattern) -%}
    match({{ text }}, '{{ pattern }}')
{%- endmacro %}


{% macro replace_all(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('replace_all')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro duckdb__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{% macro clickhouse__replace_all(text, pattern, replacement) -%}
    replaceRegexpAll({{ text }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}


{% macro lower_text(text) -%}
    {{ return(adapter.dispatch('lower_text')(text)) }}
{%- endmacro %}

{% macro duckdb__lower_text(text) -%}
    lower({{ text }})
{%- endmacro %}

{% macro clickhouse__lower_text(text) -%}
    lowerUTF8({{ text }})
{%- endmacro %}


{% macro upper_text(text) -%}
    {{ return(adapter.dispatch('upper_text')(text)) }}
{%- endmacro %}

{% macro duckdb__upper_text(text) -%}
    upper({{ text }})
{%- endmacro %}

{% macro clickhouse__upper_text(text) -%}
    upperUTF8({{ text }})
{%- endmacro %}


{% macro md5_text(text) -%}
    {{ return(adapter.dispatch('md5_text')(text)) }}
{%- endmacro %}

{% macro duckdb__md5_text(text) -%}
    md5({{ text }})
{%- endmacro %}

{% macro clickhouse__md5_text(text) -%}
    lower(hex(MD5({{ text }})))
{%- endmacro %}


{% macro sha256_text(text) -%}
    {{ return(adapter.dispatch('sha256_text')(text)) }}
{%- endmacro %}

{% macro duckdb__sha256_text(text) -%}
    sha256({{ text }})
{%- endmacro %}

{% macro clickhouse__sha256_text(text) -%}
    lower(hex(SHA256({{ text }})))
{%- endmacro %}


{% macro json_text(document, key) -%}
    {{ return(adapter.dispatch('json_text')(document, key)) }}
{%- endmacro %}

{% macro duckdb__json_text(document, key) -%}
    try(json_extract_string({{ document }}, '$."{{ key }}"'))
{%- endmacro %}

{% macro clickhouse__json_text(document, key) -%}
    JSONExtract({{ document }}, '{{ key }}', 'Nullable(String)')
{%- endmacro %}
