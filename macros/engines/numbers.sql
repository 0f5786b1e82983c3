{% macro try_decimal(text) -%}
    {{ return(adapter.dispatch('try_decimal')(text)) }}
{%- endmacro %}

{% macro duckdb__try_decimal(text) -%}
    try_cast({{ text }} as decimal(38, 25))
{%- endmacro %}

{% macro clickhouse__try_decimal(text) -%}
    toDecimal128OrNull({{ text }}, 25)
{%- endmacro %}


{# The ratio of two counts as a double; NULL where the denominator is 0. #}
{% macro ratio(part, whole) -%}
    cast({{ part }} as {{ sql_type('ratio_nullable') }}) / nullif(cast({{ whole }} as {{ sql_type('ratio_nullable') }}), 0)
{%- endmacro %}


{% macro share_of(amount, part, whole) -%}
    {{ return(adapter.dispatch('share_of')(amount, part, whole)) }}
{%- endmacro %}

{% macro duckdb__share_of(amount, part, whole) -%}
    cast(
        cast(cast({{ amount }} * 1000000 as hugeint) * {{ part }} // nullif({{ whole }}, 0) as decimal(32, 0))
        * cast('0.000001' as decimal(6, 6)) as decimal(38, 6)
    )
{%- endmacro %}

{# divideDecimal() also divides where an operand is NULL: by 0 #}
{% macro clickhouse__share_of(amount, part, whole) -%}
    cast(
        if(
            coalesce({{ whole }}, 0) = 0,
            null,
            divideDecimal({{ amount }} * {{ part }}, cast(if(coalesce({{ whole }}, 0) = 0, 1, {{ whole }}) as Decimal(38, 0)), 6)
        ) as Nullable(Decimal(38, 6))
    )
{%- endmacro %}


{# 1 / x of a decimal(38, 12) from 0.000000001 to 1 million, with 12 decimals. #}
{% macro inverse_of(number) -%}
    {%- set trillionths = cast_to('round(' ~ number ~ ' * 1000000000000, 0)', 'integer_nullable') -%}
    {{ share_of(cast_to('1000000000000', 'money'), '1000000', trillionths) }}
    * cast('0.000001' as decimal(6, 6))
{%- endmacro %}
