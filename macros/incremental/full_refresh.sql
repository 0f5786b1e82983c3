{#
    dbt's own macro with one more case: it rebuilds a table that lacks a column of its contract, or the column of
    deliveries or days by which it is updated. So a new column of a fact needs no flag and is never half filled. Models
    with full_refresh: false (staging) are never rebuilt.
#}
{% macro should_full_refresh() -%}
    {%- set configured = config.get('full_refresh') -%}
    {%- if configured is not none -%} {{ return(configured) }} {%- endif -%}
    {{ return(flags.FULL_REFRESH or lacks_a_column()) }}
{%- endmacro %}

{% macro lacks_a_column() -%}
    {%- if not execute or model.config.materialized != 'incremental' -%} {{ return(false) }} {%- endif -%}
    {%- set kept_by = [config.get('unique_key'), config.get('partition_by')] | select('equalto', '_delivery_id') | list -%}
    {%- if config.get('unique_key') == 'event_date' or (config.get('partition_by') or '').endswith('(event_date)') -%}
        {%- do kept_by.append('_day_version') -%}
    {%- endif -%}
    {%- set needed = kept_by + (model.columns.keys() | list if model.config.contract.enforced else []) -%}
    {%- if not needed -%} {{ return(false) }} {%- endif -%}
    {%- set table = load_cached_relation(this) -%}
    {%- if table is none -%} {{ return(false) }} {%- endif -%}
    {%- set present = adapter.get_columns_in_relation(table) | map(attribute='name') | list -%}
    {{ return(needed | reject('in', present) | list | length > 0) }}
{%- endmacro %}
