{#
    The deliveries of a source that may be read: on DuckDB those with a manifest, which the commit of a delivery brings;
    on ClickHouse those whose row in _deliveries, pushed last, is there.
#}
{% macro landed_deliveries(source_name) -%}
    {{ return(adapter.dispatch('landed_deliveries')(source_name)) }}
{%- endmacro %}

{% macro duckdb__landed_deliveries(source_name) -%}
    {%- set zone = (env_var('DUCKHOUSE_LANDING', '') or 'landing') ~ '/' ~ source_name -%}
    {%- set query -%}
        select regexp_extract(file, 'delivery=([^/]+)/manifest[.]json$', 1)
        from glob('{{ zone | replace("'", "''") }}/delivery=*/manifest.json')
    {%- endset -%}
    {{ return(run_query(query).columns[0].values() | list) }}
{%- endmacro %}

{% macro clickhouse__landed_deliveries(source_name) -%}
    {%- set deliveries = api.Relation.create(schema='raw_' ~ source_name, identifier='_deliveries') -%}
    {%- if not is_there(deliveries) -%}
        {% do exceptions.raise_compiler_error(
            'raw_' ~ source_name ~ ' is not on this ClickHouse yet: run python -m scripts.push first'
        ) %}
    {%- endif -%}
    {{ return(run_query('select delivery_id from ' ~ deliveries).columns[0].values() | list) }}
{%- endmacro %}


{# The deliveries that a relation holds; none where it is not built yet, so that a project compiles before its first build. #}
{% macro deliveries_of(relation) -%}
    {%- if not is_there(relation) -%} {{ return([]) }} {%- endif -%}
    {{ return(run_query('select distinct _delivery_id from ' ~ relation).columns[0].values() | list) }}
{%- endmacro %}


{#
    Whether a relation of any schema exists. dbt's cache knows that for the schemas that it read before the first model. It
    reads another schema when it is first asked, and shows what it has added so far to other threads that ask meanwhile:
    on ClickHouse, where several threads build, the engine is asked.
#}
{% macro is_there(relation) -%}
    {{ return(adapter.dispatch('is_there')(relation)) }}
{%- endmacro %}

{% macro duckdb__is_there(relation) -%}
    {{ return(load_relation(relation) is not none) }}
{%- endmacro %}

{% macro clickhouse__is_there(relation) -%}
    {%- set query -%}
        select count()
        from system.tables
        where
            database = {{ dbt.string_literal(dbt.escape_single_quotes(relation.schema)) }}
            and name = {{ dbt.string_literal(dbt.escape_single_quotes(relation.identifier)) }}
    {%- endset -%}
    {{ return(run_query(query).columns[0].values()[0] > 0) }}
{%- endmacro %}


{#
    The condition of a staging model: rows of deliveries that it does not hold yet. The ids are rendered as literals, so
    both engines read only the files or partitions of those deliveries; "not loaded" is never a maximum of a time, because
    an older delivery may arrive late.
#}
{% macro is_new_delivery(source_name) -%}
    {%- if not execute -%} false
    {%- else -%} {{ _not_held_yet(delivery_partition(), landed_deliveries(source_name)) }}
    {%- endif -%}
{%- endmacro %}

{# The same condition for a model that reads a staging model instead of a source. #}
{% macro is_new_in(parent, column) -%}
    {%- if not execute -%} false
    {%- else -%} {{ _not_held_yet(column, deliveries_of(parent)) }}
    {%- endif -%}
{%- endmacro %}

{% macro _not_held_yet(column, deliveries) -%}
    {%- set held = deliveries_of(this) if is_incremental() else [] -%}
    {{ in_list(column, deliveries | reject('in', held) | list) }}
{%- endmacro %}


{% macro delivery_partition() -%}
    {{ return(adapter.dispatch('delivery_partition')()) }}
{%- endmacro %}

{# the folder name: a filter on it opens only the files of those folders #}
{% macro duckdb__delivery_partition() -%} delivery {%- endmacro %}

{% macro clickhouse__delivery_partition() -%} _delivery_id {%- endmacro %}


{% macro in_list(column, values) -%}
    {%- if values | length == 0 -%}
        false
    {%- else -%}
        {{ column }} in ({% for value in values | sort %}{{ dbt.string_literal(value) }}{{ ', ' if not loop.last }}{% endfor %})
    {%- endif -%}
{%- endmacro %}


{# A model of whole deliveries: one delivery, one partition on ClickHouse, where a killed run leaves no half of it behind. #}
{% macro incremental_by_delivery(order_by) -%}
    {{ config(
        materialized='incremental',
        on_schema_change='append_new_columns',
        **adapter.dispatch('by_delivery_config')(order_by)
    ) }}
{%- endmacro %}

{% macro duckdb__by_delivery_config(order_by) -%}
    {{ return({'incremental_strategy': 'append'}) }}
{%- endmacro %}

{% macro clickhouse__by_delivery_config(order_by) -%}
    {{ return({
        'incremental_strategy': 'insert_overwrite',
        'partition_by': '_delivery_id',
        'order_by': order_by,
        'query_settings': {'max_partitions_per_insert_block': 0},
    }) }}
{%- endmacro %}
