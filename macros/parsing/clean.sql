{% macro clean_text(text) -%}
    nullif({{ replace_all(text, '^[[:space:]]+|[[:space:]]+$', '') }}, '')
{%- endmacro %}


{# A text without the quotation marks that some exports leave around it. #}
{% macro unquoted(text) -%}
    nullif({{ replace_all(text, '^[[:space:]"\'\']+|[[:space:]"\'\']+$', '') }}, '')
{%- endmacro %}


{#
    The columns whose text was delivered in another case, padded or in quotes, joined by commas; NULL where there is
    none. Takes for each column the text as delivered and as cleaned.
#}
{% macro respelled(columns) -%}
    {%- set conditions = {} -%}
    {%- for column, (delivered, cleaned) in columns.items() -%}
        {%- do conditions.update({column: delivered ~ ' <> ' ~ cleaned}) -%}
    {%- endfor -%}
    {{ names_where(conditions) }}
{%- endmacro %}


{# Exports of a column with a missing value write its integers as 1007.0 #}
{% macro whole_number_text(text) -%}
    {{ replace_all(text, '^([0-9]+)[.]0+$', '\\1') }}
{%- endmacro %}

{% macro clean_id(text) -%}
    {{ whole_number_text(lower_text(clean_text(text))) }}
{%- endmacro %}


{# A list in any notation (a, b or ["a","b"] or a;b or a|b) as a,b #}
{% macro clean_list(text) -%}
    nullif({{ replace_all(replace_all(text, '[][(){}"[:space:]]', ''), '[;|]', ',') }}, '')
{%- endmacro %}


{% macro parse_boolean(text) -%}
    case
        when {{ lower_text(clean_text(text)) }} in ('true', 't', 'yes', 'y', '1', '1.0') then true
        when {{ lower_text(clean_text(text)) }} in ('false', 'f', 'no', 'n', '0', '0.0') then false
    end
{%- endmacro %}


{#
    A value that older exports have in a flat column and newer ones inside a JSON document. ClickHouse computes each
    argument of coalesce() for all rows, but a branch only for the rows that take it.
#}
{% macro either(column, document, key) -%}
    case when {{ column }} is not null then {{ column }} else {{ json_text(document, key) }} end
{%- endmacro %}


{# A name without the differences between spellings: case, spaces and punctuation; NULL where nothing is left. #}
{% macro name_key(text) -%}
    nullif({{ replace_all(lower_text(text), '[[:space:][:punct:]]+', '') }}, '')
{%- endmacro %}


{# Whether a JSON text is a list of lists of texts, as landing writes them: [["Books", "Travel"], ["Gifts"]]. \134 is a backslash. #}
{% macro is_list_of_paths(document) -%}
    {%- set text = '"([^"\\134]|\\134.)*"' -%}
    {%- set path = '[[](' ~ text ~ '(, ' ~ text ~ ')*)?[]]' -%}
    coalesce({{ matches(document, '^[[]' ~ path ~ '(, ' ~ path ~ ')*[]]$') }}, false)
{%- endmacro %}
