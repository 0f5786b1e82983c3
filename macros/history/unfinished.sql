{#
    On ClickHouse dbt writes a snapshot to a second table and exchanges the two. It would add to what a killed run left
    there and so duplicate observations: the remains are dropped first.
#}
{% macro drop_unfinished_snapshot() -%}
    {{ return(adapter.dispatch('drop_unfinished_snapshot')()) }}
{%- endmacro %}

{% macro duckdb__drop_unfinished_snapshot() -%}
{%- endmacro %}

{% macro clickhouse__drop_unfinished_snapshot() -%}
    {%- if execute %}{# the adapter does not know its cluster while dbt parses -#}
    {%- set beside = this.derivative('__snapshot_upsert') -%}
    drop table if exists {{ beside }} {{ on_cluster_clause(beside) }}
    {%- endif %}
{%- endmacro %}
