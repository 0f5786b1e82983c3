{% test expect_table_row_count_to_be_between(
    model, min_value=none, max_value=none, group_by=none, row_condition=none, strictly=false
) %}
    {{ dbt_expectations.rows_outside_range(model, 'count(*)', min_value, max_value, group_by, row_condition, strictly) }}
{% endtest %}


{% test expect_column_values_to_be_between(
    model, column_name, min_value=none, max_value=none, row_condition=none, strictly=false
) %}
    {{ dbt_expectations.rows_outside_range(model, column_name, min_value, max_value, none, row_condition, strictly) }}
{% endtest %}


{% test expect_column_values_to_match_regex(model, column_name, regex, row_condition=none, is_raw=false, flags='') %}
    {%- set found = dbt_expectations.regexp_instr(column_name, regex, is_raw=is_raw, flags=flags) -%}
    {{ dbt_expectations.rows_where_untrue(model, found ~ ' > 0', none, row_condition) }}
{% endtest %}


{% macro rows_outside_range(model, expression, min_value, max_value, group_by, row_condition, strictly) %}
    {%- if min_value is none and max_value is none -%}
        {{ exceptions.raise_compiler_error('You have to provide either a min_value, max_value or both.') }}
    {%- endif -%}
    {%- set or_equal = '' if strictly else '=' -%}
    {%- set bounds = [] -%}
    {%- if min_value is not none -%}
        {%- do bounds.append(expression ~ ' >' ~ or_equal ~ ' ' ~ min_value) -%}
    {%- endif -%}
    {%- if max_value is not none -%}
        {%- do bounds.append(expression ~ ' <' ~ or_equal ~ ' ' ~ max_value) -%}
    {%- endif -%}
    {{ dbt_expectations.rows_where_untrue(model, bounds | join(' and '), group_by, row_condition) }}
{% endmacro %}


{% macro rows_where_untrue(model, expression, group_by, row_condition) %}
    with expectations as (
        select
            {% for column in group_by or [] -%}
            {{ column }} as group_{{ loop.index }},
            {% endfor -%}
            {{ expression }} as is_met
        from {{ model }}
        {{ 'where ' ~ row_condition if row_condition }}
        {{ 'group by ' ~ group_by | join(', ') if group_by }}
    )

    select *
    from expectations
    where not is_met
{% endmacro %}


{% macro regexp_instr(source_value, regexp, position=1, occurrence=1, is_raw=false, flags='') %}
    {{ return(adapter.dispatch('regexp_instr', 'dbt_expectations')(source_value, regexp, position, occurrence, is_raw, flags)) }}
{% endmacro %}

{% macro default__regexp_instr(source_value, regexp, position, occurrence, is_raw, flags) -%}
    regexp_matches({{ source_value }}, '{{ regexp }}', '{{ flags }}')
{%- endmacro %}
