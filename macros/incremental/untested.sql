{#
    The rows of a kept model that the running test has not passed yet, as a condition, with the column by which the model
    is kept; none where these are all rows. other_rows is true also for days and deliveries that the model does not have.
    The model is that of the test, or the one of this name. One that is kept by day has a version for each day;
    of one that is kept by delivery, the rows of a delivery do not change.

    dbt's plugin says in graph.tested what each test has passed, and notes from it what this one passes. Without the
    plugin a test reads all rows.
#}
{% macro untested_rows(name=none) -%}
    {%- if not execute or 'tested' not in graph -%} {{ return(none) }} {%- endif -%}
    {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ name if name else model.attached_node] -%}
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
    {%- do graph.tested.read.setdefault(model.unique_id, []).append(parts) -%}
    {%- if model.unique_id not in graph.tested.tests -%} {{ return(none) }} {%- endif -%}
    {{ return({
        'column': column,
        'rows': column ~ ' in ' ~ _those(column, parts, 'not in'),
        'other_rows': column ~ ' not in ' ~ _those(column, parts, 'in'),
    }) }}
{%- endmacro %}

{#
    The same of a view with the rows of a fact that is kept by day, whose joins an engine makes for all rows where the
    days come from a query.
#}
{% macro untested_days(fact) -%}
    {%- set untested = untested_rows(fact) -%}
    {%- if not untested -%} {{ return(none) }} {%- endif -%}
    {%- set query -%}
        select distinct {{ cast_to('event_date', 'text') }} as day_text
        from {{ graph.nodes['model.' ~ project_name ~ '.' ~ fact].relation_name }}
        where {{ untested.rows }}
    {%- endset -%}
    {{ return({'rows': in_days('event_date', sorted_values(query))}) }}
{%- endmacro %}

{# The days or deliveries that the running test has passed as they are now, or those that it has not. #}
{% macro _those(column, parts, which) -%}
    (
        select parts.{{ column }}
        from {{ parts }} as parts
        where
            (parts.part, parts.version) {{ which }} (
                select part, version
                from {{ graph.tested.table }}
                where node_id = {{ text_literal(model.unique_id) }}
            )
    )
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


{#
    The keys of a fact whose records or rows may have changed since the running test passed, as a condition: those on
    untested days, and in untested or retracted deliveries.
#}
{% macro is_untested_key(key, fact, staged) -%}
    {%- set days, deliveries = untested_rows(fact), untested_rows(staged) -%}
    {%- if not days -%}
        true
    {%- else -%}
        {{ key }} in (
            select {{ key }} from {{ ref(fact) }} where {{ days.rows }}
            union distinct
            select {{ key }} from {{ with_retracted(ref(staged)) }} as records where {{ deliveries.other_rows }}
        )
    {%- endif -%}
{%- endmacro %}
