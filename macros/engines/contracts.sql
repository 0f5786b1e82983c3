{#
    YAML gives the kind of a column (`data_type: money`; in column_types of seeds too), not the engine's type. dbt reads
    the kind in three places: where it compares a contract with the query, where it writes the columns of a table, and
    where it creates a seed. In each, these macros replace the kind by the engine's type and call dbt's own macro.
#}
{% macro name_engine_types(columns) -%}
    {%- for column in columns.values() if column.data_type -%}
        {%- do column.update({'data_type': engine_type(column.data_type)}) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro engine_type(kind) -%}
    {{ return(var('types')[target.type].get(kind, kind)) }}
{%- endmacro %}


{% macro duckdb__get_assert_columns_equivalent(sql) -%}
    {%- do name_engine_types(model.columns) -%}
    {{ return(dbt.default__get_assert_columns_equivalent(sql)) }}
{%- endmacro %}

{% macro clickhouse__get_assert_columns_equivalent(sql) -%}
    {%- do name_engine_types(model.columns) -%}
    {{ return(dbt.clickhouse__get_assert_columns_equivalent(sql)) }}
{%- endmacro %}


{% macro default__get_table_columns_and_constraints() -%}
    {%- do name_engine_types(model.columns) -%}
    {{ return(dbt.default__get_table_columns_and_constraints()) }}
{%- endmacro %}


{% macro duckdb__create_csv_table(model, agate_table) -%}
    {%- do name_seed_types(model.config.column_types) -%}
    {{ return(dbt.default__create_csv_table(model, agate_table)) }}
{%- endmacro %}

{% macro clickhouse__create_csv_table(model, agate_table) -%}
    {%- do name_seed_types(model.config.column_types) -%}
    {{ return(dbt.clickhouse__create_csv_table(model, agate_table)) }}
{%- endmacro %}

{% macro name_seed_types(column_types) -%}
    {%- for name, kind in column_types.items() -%}
        {%- do column_types.update({name: engine_type(kind)}) -%}
    {%- endfor -%}
{%- endmacro %}
