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
    try(json_extract_string({{ _json_to_the_letter(document) }}, '$."{{ key }}"'))
{%- endmacro %}

{% macro clickhouse__json_text(document, key) -%}
    JSONExtract({{ document }}, '{{ key }}', 'Nullable(String)')
{%- endmacro %}


{# A JSON list as a list of texts, from nested keys; NULL or empty where the document has no such list or is not JSON. #}
{% macro json_texts(document, keys) -%}
    {{ return(adapter.dispatch('json_texts')(document, keys)) }}
{%- endmacro %}

{% macro duckdb__json_texts(document, keys) -%}
    try(json_extract_string({{ _json_to_the_letter(document) }}, '${% for key in keys %}."{{ key }}"{% endfor %}[*]'))
{%- endmacro %}

{% macro clickhouse__json_texts(document, keys) -%}
    JSONExtract(ifNull({{ document }}, ''), {% for key in keys %}'{{ key }}', {% endfor %}'Array(Nullable(String))')
{%- endmacro %}


{# Whether a text is JSON; NULL is none. A number too great for a double (1e999) is JSON on DuckDB only. #}
{% macro is_json(text) -%}
    {{ return(adapter.dispatch('is_json')(text)) }}
{%- endmacro %}

{% macro duckdb__is_json(text) -%}
    coalesce(json_valid({{ _json_to_the_letter(text) }}), false)
{%- endmacro %}

{# isValidJSON() passes over a byte order mark #}
{% macro clickhouse__is_json(text) -%}
    (isValidJSON(ifNull({{ text }}, '')) = 1 and not startsWith(ifNull({{ text }}, ''), char(239, 187, 191)))
{%- endmacro %}


{# The keys of a JSON object as a list of texts; NULL or empty where the document is no such object. #}
{% macro json_keys(document) -%}
    {{ return(adapter.dispatch('json_keys')(document)) }}
{%- endmacro %}

{% macro duckdb__json_keys(document) -%}
    try(json_keys({{ _json_to_the_letter(document) }}))
{%- endmacro %}

{% macro clickhouse__json_keys(document) -%}
    JSONExtractKeys(ifNull({{ document }}, ''))
{%- endmacro %}


{# The values of a JSON object as a list of texts, in its order: for an object of numbers. #}
{% macro json_values(document) -%}
    {{ return(adapter.dispatch('json_values')(document)) }}
{%- endmacro %}

{% macro duckdb__json_values(document) -%}
    try(json_extract_string({{ document }}, '$.*'))
{%- endmacro %}

{% macro clickhouse__json_values(document) -%}
    arrayMap(pair -> pair.2, JSONExtractKeysAndValuesRaw(ifNull({{ document }}, '')))
{%- endmacro %}


{# A JSON list of lists of texts (macro is_list_of_paths) as that; NULL or empty where there is no document. #}
{% macro json_paths(document) -%}
    {{ return(adapter.dispatch('json_paths')(document)) }}
{%- endmacro %}

{% macro duckdb__json_paths(document) -%}
    from_json({{ document }}, '[["VARCHAR"]]')
{%- endmacro %}

{% macro clickhouse__json_paths(document) -%}
    JSONExtract(ifNull({{ document }}, ''), 'Array(Array(String))')
{%- endmacro %}


{# The first items of a list, so many. #}
{% macro first_items(list, count) -%}
    {{ return(adapter.dispatch('first_items')(list, count)) }}
{%- endmacro %}

{% macro duckdb__first_items(list, count) -%}
    list_slice({{ list }}, 1, {{ count }})
{%- endmacro %}

{% macro clickhouse__first_items(list, count) -%}
    arraySlice({{ list }}, 1, {{ count }})
{%- endmacro %}


{# The texts of a list as one, a separator between them. #}
{% macro joined_texts(list, separator) -%}
    {{ return(adapter.dispatch('joined_texts')(list, separator)) }}
{%- endmacro %}

{% macro duckdb__joined_texts(list, separator) -%}
    array_to_string({{ list }}, '{{ separator }}')
{%- endmacro %}

{% macro clickhouse__joined_texts(list, separator) -%}
    arrayStringConcat({{ list }}, '{{ separator }}')
{%- endmacro %}


{#
    DuckDB takes commas before a closing bracket, NaN and Infinity for JSON; nobody else does. They are looked for outside of
    strings, which become 0 first: without escaped backslashes and quotes, a string ends at the next quote.
#}
{% macro _json_to_the_letter(document) -%}
    {%- set without_escapes = "replace(replace(" ~ document ~ ", chr(92) || chr(92), ''), chr(92) || '\"', '')" -%}
    case
        when {{ matches(replace_all(without_escapes, '"[^"]*"', '0'), ',[[:space:]]*[]}]|[Nn]a[Nn]|[Ii]nf') }} then null
        else {{ document }}
    end
{%- endmacro %}


{# One row per item of a list. #}
{% macro unnested(list) -%}
    {{ return(adapter.dispatch('unnested')(list)) }}
{%- endmacro %}

{% macro duckdb__unnested(list) -%}
    unnest({{ list }})
{%- endmacro %}

{% macro clickhouse__unnested(list) -%}
    arrayJoin({{ list }})
{%- endmacro %}


{# A text of Jinja as a literal of SQL. On ClickHouse a backslash escapes. #}
{% macro text_literal(text) -%}
    {{ return(adapter.dispatch('text_literal')(text | string)) }}
{%- endmacro %}

{% macro duckdb__text_literal(text) -%}
    {{ return("'" ~ text | replace("'", "''") ~ "'") }}
{%- endmacro %}

{% macro clickhouse__text_literal(text) -%}
    {{ return("'" ~ text | replace('\\', '\\\\') | replace("'", "''") ~ "'") }}
{%- endmacro %}


{# A decimal(38, 6) as text, without zeros that say nothing. #}
{% macro number_text(number) -%}
    {{ return(adapter.dispatch('number_text')(number)) }}
{%- endmacro %}

{% macro duckdb__number_text(number) -%}
    regexp_replace(cast({{ cast_to(number, 'weight_nullable') }} as varchar), '[.]?0+$', '')
{%- endmacro %}

{% macro clickhouse__number_text(number) -%}
    toString({{ cast_to(number, 'weight_nullable') }})
{%- endmacro %}


{# A JSON object of numbers and texts, each under the name of its column. #}
{% macro json_object(numbers, texts=[]) -%}
    {%- set members = [] -%}
    {%- for column in numbers -%}
        {%- do members.append("'\"" ~ column.split('.') | last ~ "\":' || coalesce(" ~ number_text(column) ~ ", 'null')") -%}
    {%- endfor -%}
    {%- for column in texts -%}
        {%- do members.append("'\"" ~ column.split('.') | last ~ "\":' || coalesce(" ~ _json_string(cast_to(column, 'text_nullable')) ~ ", 'null')") -%}
    {%- endfor -%}
    '{' || {{ members | join(" || ',' || ") or "''" }} || '}'
{%- endmacro %}

{# Control characters become blanks. #}
{% macro _json_string(text) -%}
    {%- set escaped = "replace(" ~ replace_all(text, '[[:cntrl:]]', ' ') ~ ", " ~ backslash() ~ ", " ~ backslash() ~ " || " ~ backslash() ~ ")" -%}
    '"' || replace({{ escaped }}, '"', {{ backslash() }} || '"') || '"'
{%- endmacro %}


{% macro backslash() -%}
    {{ return(adapter.dispatch('backslash')()) }}
{%- endmacro %}

{% macro duckdb__backslash() -%} chr(92) {%- endmacro %}

{% macro clickhouse__backslash() -%} char(92) {%- endmacro %}
