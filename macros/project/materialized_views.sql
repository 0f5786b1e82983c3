{#
    Before dbt-clickhouse replaces a view, it asks which materialized views fill it: 20 ms per view. The project has
    none.
#}
{% macro clickhouse__drop_associated_mv_if_it_was_automatically_created(target_relation) -%}
{%- endmacro %}


{#
    It also asks for them, with the statement of every table, whenever it lists a schema: 20 ms per schema of a build.
    On a cluster its own list is used, which knows what is on all nodes.
#}
{% macro clickhouse__list_relations_without_caching(schema_relation) -%}
    {%- if adapter.get_clickhouse_cluster_name() -%}
        {{ return(dbt.clickhouse__list_relations_without_caching(schema_relation)) }}
    {%- endif -%}
    {%- call statement('list_relations_without_caching', fetch_result=True) -%}
        select
            relations.name as name,
            relations.database as schema,
            multiIf(
                relations.engine = 'View', 'view',
                relations.engine = 'MaterializedView', 'materialized_view',
                relations.engine = 'Dictionary', 'dictionary',
                'table'
            ) as type,
            databases.engine as db_engine,
            '[]' as mvs_pointing_to_it,
            0 as is_refreshable,
            0 as refreshable_append,
            0 as is_on_cluster
        from system.tables as relations
        inner join system.databases as databases on relations.database = databases.name
        where relations.database = '{{ schema_relation.schema }}'
    {%- endcall -%}
    {{ return(load_result('list_relations_without_caching').table) }}
{%- endmacro %}
