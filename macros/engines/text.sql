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


{#
    ASCII letters always change case. In a text of Latin and Cyrillic letters these change too, unless it has a letter
    that the engines or versions of Unicode map in different ways, such as İ, ß and ŉ: then only ASCII changes.
#}
{% macro lower_text(text) -%}
    {{ return(adapter.dispatch('lower_text')(text)) }}
{%- endmacro %}

{% macro duckdb__lower_text(text) -%}
    {{ return(_duckdb_cased(text, 'lower', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')) }}
{%- endmacro %}

{% macro clickhouse__lower_text(text) -%}
    {{ return(_clickhouse_cased(text, 'lower')) }}
{%- endmacro %}


{% macro upper_text(text) -%}
    {{ return(adapter.dispatch('upper_text')(text)) }}
{%- endmacro %}

{% macro duckdb__upper_text(text) -%}
    {{ return(_duckdb_cased(text, 'upper', 'abcdefghijklmnopqrstuvwxyz')) }}
{%- endmacro %}

{% macro clickhouse__upper_text(text) -%}
    {{ return(_clickhouse_cased(text, 'upper')) }}
{%- endmacro %}

{# Most texts are ASCII, which is free to detect from their bytes. #}
{% macro _duckdb_cased(text, function, letters) -%}
    {%- set cased = letters | lower if function == 'lower' else letters | upper -%}
    case
        when strlen({{ text }}) = length({{ text }}) then {{ function }}({{ text }})
        when {{ matches(text, _letters_of_one_case()) }} then {{ function }}({{ text }})
        else translate({{ text }}, '{{ letters }}', '{{ cased }}')
    end
{%- endmacro %}

{#
    Each branch of if() computes the expression again, which multiplies the cost; the argument of a lambda is computed
    once.
#}
{% macro _clickhouse_cased(text, function) -%}
    arrayMap(
        given -> if(
            length(given) <> lengthUTF8(given) and {{ matches('given', _letters_of_one_case()) }},
            {{ function }}UTF8(given), {{ function }}(given)
        ), [{{ text }}]
    )[1]
{%- endmacro %}

{# Latin up to U+017E, Vietnamese letters, Cyrillic up to U+045F, dashes and quotes; \240 is a no-break space. #}
{% macro _letters_of_one_case() -%}
    {{ return('^[[:ascii:]\\240-´¶-Þà-įĲ-ňŊ-žЀ-џḀ-ẕẠ-ỿ‐-‧]*$') }}
{%- endmacro %}


{# The given number of characters from the start; substring() counts bytes on ClickHouse. #}
{% macro first_characters(text, count) -%}
    {{ return(adapter.dispatch('first_characters')(text, count)) }}
{%- endmacro %}

{% macro duckdb__first_characters(text, count) -%}
    left({{ text }}, {{ count }})
{%- endmacro %}

{% macro clickhouse__first_characters(text, count) -%}
    leftUTF8({{ text }}, {{ count }})
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


{# Most values are strings, which are the same on both engines without checking the rest of the document. #}
{% macro json_text(document, key) -%}
    {{ return(adapter.dispatch('json_text')(document, key)) }}
{%- endmacro %}

{% macro duckdb__json_text(document, key) -%}
    {%- set text = duckdb__json_extracted(document, key) -%}
    case
        when {{ matches(document, _json_grammar(_json_number())) }}
            and not {{ _has_many_brackets(document) }}
            and coalesce(not {{ matches(text, _no_json_string()) }}, false)
            then {{ text }}
        else {{ duckdb__json_extracted(_as_json(document), key) }}
    end
{%- endmacro %}

{#
    A lambda, as in _clickhouse_cased. JSONExtract() is strict except that it skips a byte order mark. It reads nothing
    from a document with a number that it cannot hold, and isValidJSON() refuses such a document too.
#}
{% macro clickhouse__json_text(document, key) -%}
    arrayMap(
        (given, text) -> case
            when text is null and (given is null or isValidJSON(assumeNotNull(given))) then null
            when not {{ matches('text', _no_json_string()) }}
                and not startsWith(given, char(239, 187, 191))
                and not {{ _has_many_brackets('given') }}
                then text
            else {{ clickhouse__json_extracted(_as_json('given'), key) }}
        end, [{{ document }}], [{{ clickhouse__json_extracted(document, key) }}]
    )[1]
{%- endmacro %}

{% macro duckdb__json_extracted(document, key) -%}
    try(json_extract_string({{ document }}, '$."{{ key }}"'))
{%- endmacro %}

{% macro clickhouse__json_extracted(document, key) -%}
    JSONExtract({{ document }}, '{{ key }}', 'Nullable(String)')
{%- endmacro %}

{# The engines may print a list, an object or a number differently. #}
{% macro _no_json_string() -%} {{ return('^[[{]|^-?[0-9][-+.eE0-9]*$') }} {%- endmacro %}


{# A JSON list as a list of texts, from nested keys; NULL or empty where the document has no such list or is not JSON. #}
{% macro json_texts(document, keys) -%}
    {{ return(adapter.dispatch('json_texts')(_as_json(document), keys)) }}
{%- endmacro %}

{% macro duckdb__json_texts(document, keys) -%}
    try(json_extract_string({{ document }}, '${% for key in keys %}."{{ key }}"{% endfor %}[*]'))
{%- endmacro %}

{% macro clickhouse__json_texts(document, keys) -%}
    JSONExtract(ifNull({{ document }}, ''), {% for key in keys %}'{{ key }}', {% endfor %}'Array(Nullable(String))')
{%- endmacro %}


{# Whether a text is JSON; NULL is not. #}
{% macro is_json(text) -%}
    {{ return(adapter.dispatch('is_json')(_as_json(text))) }}
{%- endmacro %}

{% macro duckdb__is_json(text) -%}
    coalesce(json_valid({{ text }}), false)
{%- endmacro %}

{% macro clickhouse__is_json(text) -%}
    (isValidJSON(ifNull({{ text }}, '')) = 1)
{%- endmacro %}


{# The keys of a JSON object as a list of texts; NULL or empty where the document is not an object. #}
{% macro json_keys(document) -%}
    {{ return(adapter.dispatch('json_keys')(_as_json(document))) }}
{%- endmacro %}

{% macro duckdb__json_keys(document) -%}
    try(json_keys({{ document }}))
{%- endmacro %}

{% macro clickhouse__json_keys(document) -%}
    JSONExtractKeys(ifNull({{ document }}, ''))
{%- endmacro %}


{# The values of a JSON object as a list of texts, in its order. #}
{% macro json_values(document) -%}
    {{ return(adapter.dispatch('json_values')(_as_json(document))) }}
{%- endmacro %}

{% macro duckdb__json_values(document) -%}
    try(json_extract_string({{ document }}, '$.*'))
{%- endmacro %}

{% macro clickhouse__json_values(document) -%}
    arrayMap(pair -> pair.2, JSONExtractKeysAndValues(ifNull({{ document }}, ''), 'Nullable(String)'))
{%- endmacro %}


{#
    A JSON list of lists of texts (macro is_list_of_paths) as a list of lists; NULL or empty where there is no document.
#}
{% macro json_paths(document) -%}
    {{ return(adapter.dispatch('json_paths')(document)) }}
{%- endmacro %}

{% macro duckdb__json_paths(document) -%}
    from_json({{ document }}, '[["VARCHAR"]]')
{%- endmacro %}

{% macro clickhouse__json_paths(document) -%}
    JSONExtract(ifNull({{ document }}, ''), 'Array(Array(String))')
{%- endmacro %}


{# The given number of items from the start of a list. #}
{% macro first_items(list, count) -%}
    {{ return(adapter.dispatch('first_items')(list, count)) }}
{%- endmacro %}

{% macro duckdb__first_items(list, count) -%}
    list_slice({{ list }}, 1, {{ count }})
{%- endmacro %}

{% macro clickhouse__first_items(list, count) -%}
    arraySlice({{ list }}, 1, {{ count }})
{%- endmacro %}


{# The texts of a list joined by a separator. #}
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
    A document in a form that both engines read alike; NULL where it is not JSON. The engines print 1.0 and 1e5
    differently, and ClickHouse accepts no document with 1e400 in it. So if any number is not an integer of up to 18
    digits, all numbers become texts, as written. NaN, a comma before a bracket and a byte order mark, which only one
    engine accepts, are not JSON. Neither is a document with more than 1,000 brackets: ClickHouse nests 1,024 deep.
#}
{% macro _as_json(document) -%}
    case
        when {{ _has_many_brackets(document) }} then null
        when {{ matches(document, _json_grammar('0|-?[1-9][0-9]{0,17}')) }} then {{ document }}
        when {{ matches(document, _json_grammar(_json_number())) }} then {{ _with_numbers_as_texts(document) }}
    end
{%- endmacro %}

{% macro _has_many_brackets(document) -%}
    case
        when length({{ document }}) <= 1000 then false
        else length({{ document }}) - length(replace(replace({{ document }}, '[', ''), '{', '')) > 1000
    end
{%- endmacro %}

{#
    The part of the grammar about which the engines disagree: values follow brackets, colons and commas, and something
    follows each comma.
#}
{% macro _json_grammar(number) -%}
    {%- set blanks = _json_blanks() -%}
    {%- set value = '(?:' ~ _json_string() ~ '|true|false|null|' ~ number ~ ')' -%}
    {%- set opened = '[[{]' ~ blanks ~ value ~ '?' -%}
    {%- set next = '[:,]' ~ blanks ~ '(?:' ~ value ~ '|' ~ opened ~ ')' -%}
    {{ return('^' ~ blanks ~ value ~ '?(?:' ~ opened ~ '|' ~ next ~ '|[]} \\t\\n\\r])*$') }}
{%- endmacro %}

{# \134 is a backslash, \177 the only control character that a string may contain #}
{% macro _json_string() -%}
    {{ return('"(?:[^"\\134[:cntrl:]]|\\177|\\134(?:["\\134/bfnrt]|u[0-9a-fA-F]{4}))*"') }}
{%- endmacro %}

{% macro _json_number() -%} {{ return('-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?') }} {%- endmacro %}

{% macro _json_blanks() -%} {{ return('[ \\t\\n\\r]*') }} {%- endmacro %}

{#
    A string gets two marks after it, a number one on each side. The mark is a control character that JSON never
    contains.
#}
{% macro _with_numbers_as_texts(document) -%}
    {%- set mark = '\x01' -%}
    {%- set pattern = '(' ~ _json_string() ~ ')|(' ~ _json_number() ~ ')(' ~ _json_blanks() ~ '(?:[],}]|$))' -%}
    {%- set marked = replace_all(document, pattern, '\\1' ~ mark ~ '\\2' ~ mark ~ '\\3') -%}
    replace(replace({{ marked }}, '{{ mark ~ mark }}', ''), '{{ mark }}', '"')
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


{# A Jinja text as an SQL literal. On ClickHouse a backslash escapes. #}
{% macro text_literal(text) -%}
    {{ return(adapter.dispatch('text_literal')(text | string)) }}
{%- endmacro %}

{% macro duckdb__text_literal(text) -%}
    {{ return("'" ~ text | replace("'", "''") ~ "'") }}
{%- endmacro %}

{% macro clickhouse__text_literal(text) -%}
    {{ return("'" ~ text | replace('\\', '\\\\') | replace("'", "''") ~ "'") }}
{%- endmacro %}


{# A decimal(38, 6) as text, without trailing zeros. #}
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
        {%- do members.append("'\"" ~ column.split('.') | last ~ "\":' || coalesce(" ~ _text_as_json(cast_to(column, 'text_nullable')) ~ ", 'null')") -%}
    {%- endfor -%}
    '{' || {{ members | join(" || ',' || ") or "''" }} || '}'
{%- endmacro %}

{# Control characters become blanks. #}
{% macro _text_as_json(text) -%}
    {%- set escaped = "replace(" ~ replace_all(text, '[[:cntrl:]]', ' ') ~ ", " ~ backslash() ~ ", " ~ backslash() ~ " || " ~ backslash() ~ ")" -%}
    '"' || replace({{ escaped }}, '"', {{ backslash() }} || '"') || '"'
{%- endmacro %}


{% macro backslash() -%}
    {{ return(adapter.dispatch('backslash')()) }}
{%- endmacro %}

{% macro duckdb__backslash() -%} chr(92) {%- endmacro %}

{% macro clickhouse__backslash() -%} char(92) {%- endmacro %}
