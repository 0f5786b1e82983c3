{#
    A day is rebuilt when its version changes, so the version must cover all that a model reads: its parent of days, and
    what that is built from. For a relation that event_days joins, the version covers its rows, not what they are built
    from. A view counts as the relations that it reads. A seed changes with the code.
#}
{% macro refuse_unversioned_reads(parent) -%}
    {%- if execute and model.resource_type == 'model' -%}
        {%- set parent_id = 'model.' ~ model.package_name ~ '.' ~ parent -%}
        {%- set versioned = nodes_in_versions_of(parent_id) -%}
        {%- set reads = model.depends_on.nodes | list -%}
        {%- for read in reads -%} {# grows while it is read #}
            {%- set node = graph.nodes.get(read) -%}
            {%- if read in versioned or read.startswith('seed.') -%}
            {%- elif node and node.config.materialized in ('view', 'ephemeral') -%}
                {%- do reads.extend(node.depends_on.nodes) -%}
            {%- else -%}
                {%- set read_name = read.split('.')[-1] -%}
                {%- do exceptions.raise_compiler_error(
                    model.name ~ ' joins ' ~ read_name ~ ', but the days of ' ~ parent ~ ' do not change with it: name '
                    ~ read_name ~ ' in joined of the event_days that it takes its days from, or make ' ~ model.name ~ ' a table'
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro nodes_in_versions_of(parent_id) -%}
    {%- set followed = [parent_id] -%}
    {%- set joined = [] -%}
    {%- for node_id in followed if node_id in graph.nodes -%} {# grows while it is read #}
        {%- set node = graph.nodes[node_id] -%}
        {%- for read in node.depends_on.nodes if read not in followed -%}
            {%- do (joined if read.split('.')[-1] in node.config.meta.joined | default([]) else followed).append(read) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(followed + joined) }}
{%- endmacro %}
