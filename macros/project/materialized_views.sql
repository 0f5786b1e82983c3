{# dbt-clickhouse asks before it replaces a view which materialized views fill it: 20 ms for each view. The project has none. #}
{% macro clickhouse__drop_associated_mv_if_it_was_automatically_created(target_relation) -%}
{%- endmacro %}
