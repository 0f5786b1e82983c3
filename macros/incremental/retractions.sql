{#
    The retracted deliveries of a source, by default that of the model: by id, the id of the delivery that retracts it.
    Landing says which, and staging remembers it after landing was pruned. Rows of a retracted delivery leave the
    staging table for a table beside it, <name>__retracted. So whatever reads staging shows the figures without them,
    and what needs them (which days a delivery touched, the ledger) reads both tables: with_retracted().
#}
{% macro retractions(source_name=none) -%}
    {%- set found = {} -%}
    {%- if execute -%}
        {%- set source_name = source_name or source_of_model() -%}
        {%- set relations = adapter.dispatch('landed_retractions')(source_name) + staged_retractions(source_name) -%}
        {%- for relation in relations -%}
            {%- set query -%}
                select
                    retracts_delivery_id,
                    min(_delivery_id)
                from {{ relation }}
                where retracts_delivery_id is not null
                group by retracts_delivery_id
            {%- endset -%}
            {%- for retracted, retraction in run_query(query).rows -%}
                {%- do found.update({retracted: [retraction, found.get(retracted, retraction)] | min}) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{# ids of retractions say what they are, so that those in landing are found by their folders, or partitions #}
{% macro duckdb__landed_retractions(source_name) -%}
    {%- set files = landing_zone(source_name) ~ '/delivery=*-retraction/_files/*.parquet' -%}
    {%- set there = run_query('select count(*) from glob(' ~ text_literal(files) ~ ')').columns[0].values()[0] -%}
    {{ return(['read_parquet(' ~ text_literal(files) ~ ')'] if there else []) }}
{%- endmacro %}

{% macro clickhouse__landed_retractions(source_name) -%}
    {%- set pushed = api.Relation.create(schema='raw_' ~ source_name, identifier='_deliveries') -%}
    {%- if not is_there(pushed) -%} {{ return([]) }} {%- endif -%}
    {%- set query = "select distinct delivery_id from " ~ pushed ~ " where endsWith(delivery_id, '-retraction')" -%}
    {%- set ids = run_query(query).columns[0].values() | list -%}
    {%- set of_them -%}
        (select * from {{ pushed.incorporate(path={'identifier': '_files'}) }} where {{ in_list('_delivery_id', ids) }})
    {%- endset -%}
    {{ return([of_them] if ids else []) }}
{%- endmacro %}

{% macro staged_retractions(source_name) -%}
    {%- set node = graph.nodes.get('model.' ~ project_name ~ '.stg_' ~ source_name ~ '__files') -%}
    {%- if not node -%} {{ return([]) }} {%- endif -%}
    {%- set files = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) -%}
    {%- if not is_there(files) -%} {{ return([]) }} {%- endif -%}
    {%- set columns = adapter.get_columns_in_relation(files) | map(attribute='name') | list -%}
    {{ return([files] if 'retracts_delivery_id' in columns else []) }}
{%- endmacro %}


{# The retractions in a staging model of files, to select from: one row each, with what it retracts and why. #}
{% macro retractions_in(files) -%}
    (
        select
            _delivery_id,
            _delivered_at,
            retracts_delivery_id,
            retraction_reason
        from {{ files }}
        where retracts_delivery_id is not null
    )
{%- endmacro %}


{# Whether a row is of a delivery that counts. #}
{% macro is_counted(column='_delivery_id', source_name=none) -%}
    {%- set retracted = retractions(source_name) | list -%}
    {{ 'not (' ~ in_list(column, retracted) ~ ')' if retracted else 'true' }}
{%- endmacro %}


{# The delivery that retracts a delivery; a text after all ids where none does. #}
{% macro retraction_of(column, retracted) -%}
    case {{ column }}
    {%- for delivery, retraction in retracted.items() %}
        when {{ dbt.string_literal(delivery) }} then {{ dbt.string_literal(retraction) }}
    {%- endfor %}
        else '~'
    end
{%- endmacro %}


{# The table beside a staging table that keeps the rows of retracted deliveries. #}
{% macro retracted_of(relation) -%}
    {{ return(relation.incorporate(path={'identifier': relation.identifier ~ '__retracted'})) }}
{%- endmacro %}

{# A staging table with the rows of retracted deliveries, to select from. #}
{% macro with_retracted(relation) -%}
    {%- if not execute or not is_there(retracted_of(relation)) -%} {{ return(relation) }} {%- endif -%}
    {%- set columns = [] -%}
    {%- for column in adapter.get_columns_in_relation(retracted_of(relation)) -%}
        {%- do columns.append(adapter.quote(column.name)) -%}
    {%- endfor -%}
    {%- set rows = 'select ' ~ columns | join(', ') ~ ' from ' -%}
    {{ return('(' ~ rows ~ relation ~ ' union all ' ~ rows ~ retracted_of(relation) ~ ')') }}
{%- endmacro %}


{#
    The hook of models by delivery: takes the rows of retracted deliveries out of the table. A staging model keeps them
    beside it, in a table that a killed run may fill again.
#}
{% macro leave_out_retracted() -%}
    {%- set retracted = retractions() | list -%}
    {%- if retracted -%}
        {%- set query = 'select distinct _delivery_id from ' ~ this ~ ' where ' ~ in_list('_delivery_id', retracted) -%}
        {%- set gone = run_query(query).columns[0].values() | list -%}
        {%- if gone and model.name.startswith('stg_') -%} {%- do _keep_retracted(gone) -%} {%- endif -%}
        {%- if gone -%} {{ delete_deliveries(this, gone) }} {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro _keep_retracted(gone) -%}
    {%- set kept = retracted_of(this) -%}
    {%- set cluster = on_cluster_clause(kept) if target.type == 'clickhouse' else '' -%}
    {%- do _run('create table if not exists ' ~ kept ~ ' ' ~ cluster ~ adapter.dispatch('like_this')()) -%}
    {%- do adapter.cache_added(kept) -%}
    {%- set held = adapter.get_columns_in_relation(kept) | map(attribute='name') | list -%}
    {%- set columns = [] -%}
    {%- for column in adapter.get_columns_in_relation(this) -%}
        {%- do columns.append(adapter.quote(column.name)) -%}
        {%- if column.name not in held -%}
            {%- do _run('alter table ' ~ kept ~ ' ' ~ cluster ~ ' add column ' ~ columns[-1] ~ ' ' ~ column.data_type) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do _run(delete_deliveries(kept, gone)) -%}
    {%- set names = columns | join(', ') -%}
    {%- do _run(
        'insert into ' ~ kept ~ ' (' ~ names ~ ') select ' ~ names ~ ' from ' ~ this ~ ' where ' ~ in_list('_delivery_id', gone)
    ) -%}
{%- endmacro %}

{% macro _run(sql) -%}
    {%- call statement() -%} {{ sql }} {%- endcall -%}
{%- endmacro %}

{% macro duckdb__like_this() -%}
    {{ return('as select * from ' ~ this ~ ' where false') }}
{%- endmacro %}

{% macro clickhouse__like_this() -%}
    {{ return(' as ' ~ this) }}
{%- endmacro %}


{% macro delete_deliveries(relation, deliveries) -%}
    {{ return(adapter.dispatch('delete_deliveries')(relation, deliveries)) }}
{%- endmacro %}

{% macro duckdb__delete_deliveries(relation, deliveries) -%}
    {{ return('delete from ' ~ relation ~ ' where ' ~ in_list('_delivery_id', deliveries)) }}
{%- endmacro %}

{# one step, and nothing happens where there is no such partition #}
{% macro clickhouse__delete_deliveries(relation, deliveries) -%}
    {%- set drops = [] -%}
    {%- for delivery in deliveries | sort -%}
        {%- do drops.append('drop partition ' ~ dbt.string_literal(delivery)) -%}
    {%- endfor -%}
    {{ return('alter table ' ~ relation ~ ' ' ~ drops | join(', ')) }}
{%- endmacro %}
