{% test unique_combination_of_columns(model, combination_of_columns, quote_columns=false) %}
    {{ return(adapter.dispatch('test_unique_combination_of_columns', 'dbt_utils')(model, combination_of_columns, quote_columns)) }}
{% endtest %}

{% macro default__test_unique_combination_of_columns(model, combination_of_columns, quote_columns=false) %}
    {%- set columns = [] -%}
    {%- for column in combination_of_columns -%}
        {%- do columns.append(adapter.quote(column) if quote_columns else column) -%}
    {%- endfor -%}
    {%- set columns = columns | join(', ') -%}

    select {{ columns }}
    from {{ model }}
    group by {{ columns }}
    having count(*) > 1
{% endmacro %}


{% test expression_is_true(model, expression, column_name=none) %}
    {{ return(adapter.dispatch('test_expression_is_true', 'dbt_utils')(model, expression, column_name)) }}
{% endtest %}

{% macro default__test_expression_is_true(model, expression, column_name=none) %}
    select {{ '*' if should_store_failures() else '1' }}
    from {{ model }}
    where not ({{ column_name if column_name is not none }} {{ expression }})
{% endmacro %}


{% test accepted_range(model, column_name, min_value=none, max_value=none, inclusive=true) %}
    {{ return(adapter.dispatch('test_accepted_range', 'dbt_utils')(model, column_name, min_value, max_value, inclusive)) }}
{% endtest %}

{% macro default__test_accepted_range(model, column_name, min_value=none, max_value=none, inclusive=true) %}
    {%- set or_equal = '=' if inclusive else '' -%}
    select *
    from {{ model }}
    where false
    {%- if min_value is not none %}
        or not ({{ column_name }} >{{ or_equal }} {{ min_value }})
    {%- endif %}
    {%- if max_value is not none %}
        or not ({{ column_name }} <{{ or_equal }} {{ max_value }})
    {%- endif %}
{% endmacro %}


{% test relationships_where(model, column_name, to, field, from_condition='1=1', to_condition='1=1') %}
    {{ return(adapter.dispatch('test_relationships_where', 'dbt_utils')(model, column_name, to, field, from_condition, to_condition)) }}
{% endtest %}

{% macro default__test_relationships_where(model, column_name, to, field, from_condition='1=1', to_condition='1=1') %}
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
    left join parents on children.child_key = parents.parent_key
    where parents.parent_key is null
{% endmacro %}


{% test not_null_proportion(model, column_name, at_least, at_most=1, group_by_columns=[]) %}
    {{ return(adapter.dispatch('test_not_null_proportion', 'dbt_utils')(
        model, group_by_columns, column_name=column_name, at_least=at_least, at_most=at_most
    )) }}
{% endtest %}

{% macro default__test_not_null_proportion(model, group_by_columns) %}
    {%- set groups = group_by_columns | join(', ') -%}
    with proportions as (
        select
            {{ groups ~ ',' if groups }}
            sum(case when {{ kwargs['column_name'] }} is null then 0 else 1 end) / cast(count(*) as {{ dbt.type_numeric() }})
                as not_null_proportion
        from {{ model }}
        {{ 'group by ' ~ groups if groups }}
    )

    select *
    from proportions
    where not_null_proportion < {{ kwargs['at_least'] }}
        or not_null_proportion > {{ kwargs['at_most'] }}
{% endmacro %}
