{#
    The loaded_at_query of a source: when its landing last looked, UTC. That is the time at which a run landed a delivery, or
    found nothing new; NULL where no run has. On DuckDB it is read from the zone, on ClickHouse it is what the last push brought.
#}
{% macro looked_at() -%}
    {{ return(adapter.dispatch('looked_at')(model.source_name)) }}
{%- endmacro %}

{# a pattern, because a file that is named and missing is an error #}
{% macro duckdb__looked_at(source_name) -%}
    select max(try_cast(content as timestamp)) from read_text({{ text_literal(landing_zone(source_name) ~ '/looked_at.*') }})
{%- endmacro %}

{% macro clickhouse__looked_at(source_name) -%}
    {%- set looks = api.Relation.create(schema='raw_' ~ source_name, identifier='_looks') -%}
    {%- if is_there(looks) -%} select looked_at from {{ looks }} final
    {%- else -%} select {{ cast_to('null', 'timestamp_nullable') }}
    {%- endif -%}
{%- endmacro %}
