{#
    Rows that an incremental model made with other code than today's are made again, after an update of the project as
    after a change of a macro: deliveries and days do not change with the code. `<builds>.codes` has the code by which
    each of these tables was last made whole; a table that is not in it was made by a version that did not record it.
#}
{% macro should_full_refresh() -%}
    {%- if flags.WHICH == 'show' -%} {{ return(true) }} {%- endif -%}
    {%- set configured = config.get('full_refresh') -%}
    {%- if configured is not none and not (model.sources and was_made_by_other_code() and not deliveries_gone()) -%}
        {{ return(configured) }}
    {%- endif -%}
    {{ return(flags.FULL_REFRESH or was_made_by_other_code() or lacks_deliveries()) }}
{%- endmacro %}

{# A table that is updated by delivery, and was not when it was made, has no column of them. #}
{% macro lacks_deliveries() -%}
    {%- if not execute or '_delivery_id' not in [config.get('unique_key'), config.get('partition_by')] -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set table = load_cached_relation(this) -%}
    {%- set present = adapter.get_columns_in_relation(table) | map(attribute='name') | list if table else ['_delivery_id'] -%}
    {{ return('_delivery_id' not in present) }}
{%- endmacro %}

{% macro was_made_by_other_code() -%}
    {%- if not execute or '{{ record_code() }}' not in model.config['post-hook'] | map(attribute='sql') | list -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(_codes_on_record().get(model.unique_id) != code_of(model.unique_id)) }}
{%- endmacro %}

{# The hook of models whose rows are made again when their code changes: in the transaction that makes them. #}
{% macro record_code() -%}
    {%- if execute and was_made_by_other_code() -%}
        {%- do adapter.dispatch('create_codes')(_codes()) -%}
        {%- do _codes_on_record().update({model.unique_id: code_of(model.unique_id)}) -%}
        {{ adapter.dispatch('write_code')(_codes(), model.unique_id, code_of(model.unique_id)) }}
    {%- endif -%}
{%- endmacro %}

{% macro _codes() -%}
    {{ return(this.incorporate(path={'schema': generate_schema_name('builds', model), 'identifier': 'codes'})) }}
{%- endmacro %}


{% macro duckdb__create_codes(codes) -%}
    {%- do _run('create schema if not exists ' ~ codes.include(identifier=false)) -%}
    {%- do _run('create table if not exists ' ~ codes ~ ' (node_id varchar primary key, code varchar)') -%}
{%- endmacro %}

{% macro clickhouse__create_codes(codes) -%}
    {%- set engine = ('Replicated' if env_var('CLICKHOUSE_CLUSTER', '') else '') ~ 'ReplacingMergeTree' -%}
    {%- do _run('create database if not exists ' ~ codes.schema ~ ' ' ~ on_cluster_clause(codes)) -%}
    {%- set columns = ' (node_id String, code String) engine = ' ~ engine ~ ' order by node_id' -%}
    {%- do _run('create table if not exists ' ~ codes ~ ' ' ~ on_cluster_clause(codes) ~ columns) -%}
{%- endmacro %}

{% macro duckdb__write_code(codes, node_id, code) -%}
    insert or replace into {{ codes }} values ({{ text_literal(node_id) }}, {{ text_literal(code) }})
{%- endmacro %}

{% macro clickhouse__write_code(codes, node_id, code) -%}
    insert into {{ codes }} values ({{ text_literal(node_id) }}, {{ text_literal(code) }})
{%- endmacro %}

{% macro duckdb__read_codes(codes) -%} select node_id, code from {{ codes }} {%- endmacro %}

{% macro clickhouse__read_codes(codes) -%} select node_id, code from {{ codes }} final {%- endmacro %}


{#
    The deliveries that a staging model holds and landing does not: then its table is filled again, and not made again.
    The answer holds for the command, which asks several times.
#}
{% macro deliveries_gone() -%}
    {%- set gone = _known_of_command().gone -%}
    {%- if model.unique_id not in gone -%}
        {%- set held = deliveries_of(this) + deliveries_of(retracted_of(this)) -%}
        {%- set landed = landed_deliveries(model.sources[0][0]) if held else [] -%}
        {%- do gone.update({model.unique_id: held | reject('in', landed) | sort | list}) -%}
    {%- endif -%}
    {{ return(gone[model.unique_id]) }}
{%- endmacro %}


{# What a command knows about code. dbt may keep the graph for several commands; settings and tables change in between. #}
{% macro _known_of_command() -%}
    {%- if graph.get('code_known', {}).get('command') != invocation_id -%}
        {%- do graph.update({'code_known': {'command': invocation_id, 'calls': {}, 'codes': {}, 'gone': {}}}) -%}
    {%- endif -%}
    {{ return(graph.code_known) }}
{%- endmacro %}

{% macro _codes_on_record() -%}
    {%- set known = _known_of_command() -%}
    {%- if 'on_record' not in known -%}
        {%- set on_record = {} -%}
        {%- if is_there(_codes()) -%}
            {%- for node_id, code in run_query(adapter.dispatch('read_codes')(_codes())).rows -%}
                {%- do on_record.update({node_id: code}) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do known.update({'on_record': on_record}) -%}
    {%- endif -%}
    {{ return(known.on_record) }}
{%- endmacro %}


{#
    The code that decides the rows of a model, as one text that changes with it and is the same on both engines: SQL and
    columns of the model and of all that it reads, declarations of sources, seeds, the macros of the project that any of
    them calls, directly or through others, and the vars that are used. A seed that only hooks apply
    (meta.applied_by: hooks) is left out: every build applies it to all rows.
#}
{% macro code_of(node_id) -%}
    {%- set codes = _known_of_command().codes -%}
    {%- if node_id not in codes -%}
        {%- set texts, reads = [], [node_id] -%}
        {%- for read in reads -%} {# grows while it is read #}
            {%- set node = graph.nodes.get(read) or graph.sources[read] -%}
            {%- do texts.append(_text_of_node(node)) -%}
            {%- if node.resource_type in ('model', 'snapshot') -%}
                {%- do reads.extend(node.depends_on.nodes | reject('in', reads) | sort) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set macros = _macros_called(texts) -%}
        {%- for name in macros | sort -%} {%- do texts.append(context[project_name][name].macro.macro_sql) -%} {%- endfor -%}
        {%- for name in modules.re.findall("var[(]['\"]([a-z_]+)", texts | join) | unique | sort -%}
            {%- do texts.append(name ~ '=' ~ var(name, '')) -%}
        {%- endfor -%}
        {%- do codes.update({node_id: local_md5(texts | join('\n'))}) -%}
    {%- endif -%}
    {{ return(codes[node_id]) }}
{%- endmacro %}

{% macro _text_of_node(node) -%}
    {%- if node.resource_type == 'seed' -%}
        {{ return('' if node.config.meta.get('applied_by') == 'hooks' else node.checksum.checksum) }}
    {%- endif -%}
    {%- set declared = dict(node.config.meta, external_location='') if node.resource_type == 'source' else {} -%}
    {%- set texts = [node.raw_code or '', tojson(declared, sort_keys=true)] -%}
    {%- for column in node.columns.values() -%}
        {%- do texts.append(column.name ~ ' ' ~ column.data_type ~ ' ' ~ tojson(column.config.meta, sort_keys=true)) -%}
    {%- endfor -%}
    {{ return(texts | join('\n')) }}
{%- endmacro %}

{# The macros of the project that these texts call: by name, by adapter.dispatch, or in a hook. #}
{% macro _macros_called(texts) -%}
    {%- set of_project, calls = context[project_name], _known_of_command().calls -%}
    {%- set called = [] -%}
    {%- for name in _names_called(texts | join('\n')) if name in of_project -%} {%- do called.append(name) -%} {%- endfor -%}
    {%- for name in called -%} {# grows while it is read #}
        {%- if name not in calls -%}
            {%- do calls.update({name: _names_called(of_project[name].macro.macro_sql)}) -%}
        {%- endif -%}
        {%- for other in calls[name] if other in of_project and other not in called -%}
            {%- do called.append(other) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(called) }}
{%- endmacro %}

{% macro _names_called(text) -%}
    {%- set names = modules.re.findall("([a-z_][a-z0-9_]*)[(]", text) -%}
    {%- for name in modules.re.findall("dispatch[(]['\"]([a-z0-9_]+)", text) -%}
        {%- do names.extend(['duckdb__' ~ name, 'clickhouse__' ~ name]) -%}
    {%- endfor -%}
    {{ return(names | unique | list) }}
{%- endmacro %}
