{#
    A plain number as an exact decimal(38,6), rounded half away from zero; NULL where the text is no number or has more
    than 12 digits before the point. 25 decimals hold the shortest text of every double near a micro-dollar tie, so both
    engines round the same number. Most texts have at most the six decimals that are kept, and need no rounding.
#}
{% macro parse_decimal(text) -%}
    case
        when {{ matches(text, '^-?[0-9]{1,12}([.][0-9]{1,6})?$') }}
            then {{ adapter.dispatch('exact_decimal')(text) }}
        else cast(round({{ exact_number(text) }}, 6) as {{ sql_type('money_nullable') }})
    end
{%- endmacro %}

{% macro duckdb__exact_decimal(text) -%}
    try_cast({{ text }} as decimal(38, 6))
{%- endmacro %}

{% macro clickhouse__exact_decimal(text) -%}
    toDecimal128OrNull({{ text }}, 6)
{%- endmacro %}

{#
    A plain number with up to 12 digits before the point and its first 25 decimals, as decimal(38,25); NULL where the
    text is not one.
#}
{% macro exact_number(text) -%}
    case
        when {{ matches(text, '^[+-]?([0-9]{1,12}([.][0-9]*)?|[.][0-9]+)$') }}
            then {{ try_decimal("regexp_extract(" ~ text ~ ", '^[+-]?[0-9]*[.]?[0-9]{0,25}', 0)") }}
        when {{ matches(text, '^[+-]?[0-9]([.][0-9]{0,17})?[eE]([+]?0?[0-9]|[+]?1[01]|-[0-9]{1,2})$') }}
            then {{ try_decimal(text) }}
    end
{%- endmacro %}


{#
    A sampling rate as decimal(38,12) with its first six significant digits, which the noise of single-precision floats
    does not affect: 0.0100000001 is 0.01. NULL where the text is no number; a rate below 0.000001 has fewer digits.
#}
{% macro parse_rate(text) -%}
    {%- set exact = exact_number(text) -%}
    case
        {%- for leading in range(6) %}
        when {{ exact }} >= {{ '0.' ~ '0' * leading ~ '1' }} then {{ cast_to('round(' ~ exact ~ ', ' ~ (6 + leading) ~ ')', 'weight_nullable') }}
        {%- endfor %}
        else {{ cast_to('round(' ~ exact ~ ', 12)', 'weight_nullable') }}
    end
{%- endmacro %}

{# An integer of up to 18 digits, also written as 7.0; NULL where the text is not one. #}
{% macro parse_integer(text) -%}
    case
        when {{ matches(text, '^[+-]?[0-9]{1,18}([.]0*)?$') }}
            then {{ _integer("regexp_extract(" ~ text ~ ", '^[+]?(-?[0-9]{1,18})', 1)") }}
    end
{%- endmacro %}


{#
    An amount in US dollars as people write it: $1,234.50 or 1234,50 or 1.234.567,5 or 1 234,50 USD.
    1,234 is one thousand two hundred and thirty-four. Another currency, or a text that is no amount, is NULL.
#}
{% macro parse_amount(text) -%}
    {%- set bare = replace_all(text, '^(USD|US[$]|[$])|(USD|[$])$|[[:space:]]', '') -%}
    {%- set bare = replace_all(bare, '^(USD|US[$]|[$])|(USD|[$])$', '') -%}
    case
        when {{ matches(bare, '^[+-]?[0-9]{1,3}(,[0-9]{3})+([.][0-9]*)?$') }}
            then {{ parse_decimal(replace_all(bare, ',', '')) }}
        when {{ matches(bare, '^[+-]?[0-9]{1,3}([.][0-9]{3})+,[0-9]*$') }}
            or {{ matches(bare, '^[+-]?[0-9]{1,3}([.][0-9]{3}){2,}$') }}
            then {{ parse_decimal(replace_all(replace_all(bare, '[.]', ''), ',', '.')) }}
        when {{ matches(bare, '^[+-]?[0-9]+,[0-9]*$') }}
            then {{ parse_decimal(replace_all(bare, ',', '.')) }}
        else {{ parse_decimal(bare) }}
    end
{%- endmacro %}
