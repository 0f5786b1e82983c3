{#
    The loaded_at_query of a source: when landing last checked it, UTC. That is the time at which a run landed a
    delivery or found nothing new; NULL where no run did. On DuckDB the time comes from the zone, on ClickHouse from the
    last push.
#}
{% macro looked_at() -%}
    {{ return(adapter.dispatch('looked_at')(model.source_name)) }}
{%- endmacro %}

{# a pattern, because naming a file that is missing is an error #}
{% macro duckdb__looked_at(source_name) -%}
    select max(try_cast(content as timestamp)) from read_text({{ text_literal(landing_zone(source_name) ~ '/looked_at.*') }})
{%- endmacro %}

{% macro clickhouse__looked_at(source_name) -%}
    {%- set looks = api.Relation.create(schema='raw_' ~ source_name, identifier='_looks') -%}
    {%- if is_there(looks) -%} select looked_at from {{ looks }} final
    {%- else -%} select {{ cast_to('null', 'timestamp_nullable') }}
    {%- endif -%}
{%- endmacro %}
