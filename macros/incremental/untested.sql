{#
    The rows of the tested model that the running test has not passed yet: the column by which the model is kept, and a
    condition; none where these are all rows. A model that is kept by day has a version for each day; of one that is
    kept by delivery, the rows of a delivery do not change.

    dbt's plugin says in graph.tested what each test has passed, and notes from it what this one passes. Without the
    plugin a test reads all rows.
#}
{% macro untested_rows() -%}
    {%- if not execute or 'tested' not in graph -%} {{ return(none) }} {%- endif -%}
    {%- set node = graph.nodes[model.attached_node] -%}
    {%- set column = kept_by(node) -%}
    {%- if not column -%} {{ return(none) }} {%- endif -%}
    {%- set parts -%}
        (
            select
                {{ column }},
                {{ cast_to(column, 'text') }} as part,
                {{ "coalesce(max(_day_version), '')" if column == 'event_date' else "''" }} as version
            from {{ node.relation_name }}
            group by {{ column }}
        )
    {%- endset -%}
    {%- do graph.tested.read.update({model.unique_id: parts}) -%}
    {%- if model.unique_id not in graph.tested.tests -%} {{ return(none) }} {%- endif -%}
    {%- set untested -%}
        {{ column }} in (
            select parts.{{ column }}
            from {{ parts }} as parts
            where
                (parts.part, parts.version) not in (
                    select part, version
                    from {{ graph.tested.table }}
                    where node_id = {{ text_literal(model.unique_id) }}
                )
        )
    {%- endset -%}
    {{ return({'column': column, 'rows': untested}) }}
{%- endmacro %}


{# The column by which a model is kept: event_date, _delivery_id, or none where its table is made anew. #}
{% macro kept_by(node) -%}
    {%- if node.config.materialized == 'incremental' -%}
        {%- for column in ['_delivery_id', 'event_date'] -%}
            {%- if column in (node.config.get('unique_key') or node.config.get('partition_by') or '') -%}
                {{ return(column) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{#
    The rows whose keys may be those of untested rows, as a condition: the same keys may be on other days, unless the
    day is part of the key. In a key of several columns NULL counts as a value.
#}
{% macro rows_with_untested_keys(relation, key, untested) -%}
    {%- if not untested -%}
        true
    {%- elif untested.column in key -%}
        {{ untested.rows }}
    {%- else -%}
        (
            ({{ key | join(', ') }}) in (select {{ key | join(', ') }} from {{ relation }} where {{ untested.rows }})
            {%- for column in key if key | length > 1 %}
            or {{ column }} is null
            {%- endfor %}
        )
    {%- endif -%}
{%- endmacro %}
