{#
    ClickHouse versions of package macros whose own SQL fails or gives other results there. `dispatch` in
    dbt_project.yml selects them (search order: duckhouse, then the package), for the real packages and the stand-ins
    alike. tests/python/test_package_contract.py has a case for each that shows why it is needed.
#}


{# dbt_utils: its cast to String throws on NULL, and the text of timestamps with a fraction and of decimals is not DuckDB's. #}
{% macro clickhouse__generate_surrogate_key(field_list) %}
    {%- set parts = [] -%}
    {%- for field in field_list -%}
        {%- do parts.append("coalesce(" ~ duckhouse.clickhouse__text_as_duckdb(field) ~ ", '_dbt_utils_surrogate_key_null_')") -%}
    {%- endfor -%}
    {{- dbt.hash(parts | join(" || '-' || ")) -}}
{% endmacro %}


{#
    The text that DuckDB's cast to varchar gives: DateTime64 without trailing zeros in its fraction, Decimal with every
    digit of its scale. Comparisons are UInt8 here and boolean on DuckDB: cast them to boolean first. Floats still
    differ.
#}
{% macro clickhouse__text_as_duckdb(field) -%}
    {%- set type = 'toTypeName(' ~ field ~ ')' -%}
    {%- set text = 'toString(' ~ field ~ ')' -%}
    {%- set scale = "toUInt8OrZero(extract(" ~ type ~ ", 'Decimal[(][0-9]+, ([0-9]+)'))" -%}
    multiIf(
        {{ type }} like '%DateTime64%', replaceRegexpOne({{ text }}, '[.]0+$|([.][0-9]*[1-9])0+$', '\\1'),
        {{ type }} like '%Decimal%', toDecimalString(toDecimal256OrNull({{ text }}, {{ scale }}), {{ scale }}),
        {{ text }}
    )
{%- endmacro %}


{#
    dbt_utils: its left join finds no orphan where join_use_nulls is off, and its alias `id` hides a column of that name
    from the two conditions.
#}
{% macro clickhouse__test_relationships_where(model, column_name, to, field, from_condition='1=1', to_condition='1=1') %}
    with children as (
        select {{ column_name }} as child_key
        from {{ model }}
        where {{ column_name }} is not null
            and {{ from_condition }}
    ),

    parents as (
        select {{ field }} as parent_key
        from {{ to }}
        where {{ field }} is not null
            and {{ to_condition }}
    )

    select children.child_key
    from children
    left anti join parents on children.child_key = parents.parent_key
{% endmacro %}


{#
    dbt_utils: it divides decimals, cuts the result after six digits, and throws on an empty table. Here an empty table
    gives nan, which is outside no range.
#}
{% macro clickhouse__test_not_null_proportion(model, group_by_columns) %}
    {%- set groups = group_by_columns | join(', ') -%}
    {%- set at_most = kwargs.get('at_most', 1) -%}
    with proportions as (
        select
            {{ groups ~ ',' if groups }}
            countIf({{ kwargs['column_name'] }} is not null) / count(*) as not_null_proportion
        from {{ model }}
        {{ 'group by ' ~ groups if groups }}
    )

    select *
    from proportions
    where not_null_proportion < {{ kwargs['at_least'] }}
        or not_null_proportion > {{ at_most }}
{% endmacro %}


{#
    dbt_expectations: its pattern loses backslashes in the string literal and its flags are ignored. `-s`: as on DuckDB,
    a dot matches no line break unless the flag s is set.
#}
{% macro clickhouse__regexp_instr(source_value, regexp, position, occurrence, is_raw, flags) -%}
    {%- set modifiers = ('i' if 'i' in flags else '') ~ ('s' if 's' in flags else '-s') -%}
    match({{ source_value }}, '(?{{ modifiers }}){{ regexp | replace('\\', '\\\\') }}')
{%- endmacro %}
