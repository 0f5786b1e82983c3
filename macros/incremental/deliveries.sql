{#
    The deliveries of a source that may be read: on DuckDB those with a manifest, which the commit of a delivery writes;
    on ClickHouse those with a row in _deliveries, which is pushed last.
#}
{% macro landed_deliveries(source_name) -%}
    {{ return(adapter.dispatch('landed_deliveries')(source_name)) }}
{%- endmacro %}

{% macro duckdb__landed_deliveries(source_name) -%}
    {%- set query -%}
        select regexp_extract(file, 'delivery=([^/]+)/manifest[.]json$', 1)
        from glob({{ text_literal(landing_zone(source_name) ~ '/delivery=*/manifest.json') }})
    {%- endset -%}
    {{ return(run_query(query).columns[0].values() | list) }}
{%- endmacro %}

{% macro landing_zone(source_name) -%}
    {{ return((env_var('DUCKHOUSE_LANDING', '') or 'landing') ~ '/' ~ source_name) }}
{%- endmacro %}

{% macro clickhouse__landed_deliveries(source_name) -%}
    {%- set deliveries = api.Relation.create(schema='raw_' ~ source_name, identifier='_deliveries') -%}
    {%- if not is_there(deliveries) -%}
        {% do exceptions.raise_compiler_error(
            'raw_' ~ source_name ~ ' is not on this ClickHouse yet: run python -m scripts.push first'
        ) %}
    {%- endif -%}
    {{ return(run_query('select distinct delivery_id from ' ~ deliveries).columns[0].values() | list) }}
{%- endmacro %}


{#
    The deliveries in a relation; none before the relation is built, so that a project compiles before its first build.
#}
{% macro deliveries_of(relation) -%}
    {%- if not is_there(relation) -%} {{ return([]) }} {%- endif -%}
    {{ return(run_query('select distinct _delivery_id from ' ~ relation).columns[0].values() | list) }}
{%- endmacro %}


{#
    Whether a relation of any schema exists. dbt's cache knows this for the schemas that it read before the first model.
    It reads any other schema on the first request, and threads that ask meanwhile see a partly filled cache. So on
    ClickHouse, where several threads build, this asks the engine.
#}
{% macro is_there(relation) -%}
    {{ return(adapter.dispatch('is_there')(relation)) }}
{%- endmacro %}

{% macro duckdb__is_there(relation) -%}
    {{ return(load_relation(relation) is not none) }}
{%- endmacro %}

{% macro clickhouse__is_there(relation) -%}
    {{ return(run_query('exists ' ~ relation).columns[0].values()[0] > 0) }}
{%- endmacro %}


{#
    The condition of a staging model: rows of deliveries that it does not have yet. The ids are literals, so both
    engines read only the files or partitions of those deliveries. "Not loaded" is never decided by the latest time,
    because an older delivery may arrive late. Any model that uses this condition is incremental by delivery. makes: the
    columns that the model makes, where a macro knows them; otherwise its YAML names them all. Rows of retracted
    deliveries leave the table again, unless it is with_retracted.
#}
{% macro is_new_delivery(source_name, makes=none, with_retracted=false) -%}
    {%- do incremental_by_delivery(with_retracted) -%}
    {%- if not execute -%} false
    {%- else -%}
        {%- set landed = landed_deliveries(source_name) -%}
        {%- do refuse_missing_columns() if was_made_by_other_code() -%}
        {{ _not_held_yet(delivery_partition(), landed, makes) }}
    {%- endif -%}
{%- endmacro %}

{# The same condition for a model that reads a staging model instead of a source. #}
{% macro is_new_in(parent, column, makes=none, with_retracted=false) -%}
    {%- do incremental_by_delivery(with_retracted) -%}
    {%- if not execute -%} false
    {%- else -%}
        {%- set retracted = deliveries_of(retracted_of(parent)) if with_retracted else [] -%}
        {{ _not_held_yet(column, deliveries_of(parent) + retracted, makes) }}
    {%- endif -%}
{%- endmacro %}

{# After an update of the project a source may declare columns that neither landing nor the raw tables have yet. #}
{% macro refuse_missing_columns() -%}
    {%- for source_name, table in model.sources -%}
        {%- set declared = declared_table(source_name, table).columns -%}
        {%- set found = adapter.dispatch('landed_table')(source(source_name, table)) -%}
        {%- set missing = declared | reject('in', found.columns | map(attribute='name') | list) | list -%}
        {%- if missing -%}
            {%- do exceptions.raise_compiler_error(
                'run ' ~ found.command ~ ': ' ~ found.place ~ ' has no ' ~ missing | join(', ') ~ ', which '
                ~ source_name ~ '.' ~ table ~ ' declares'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro duckdb__landed_table(relation) -%}
    {{ return({
        'columns': get_column_schema_from_query('select * from ' ~ relation),
        'place': landing_zone(model.sources[0][0]),
        'command': 'python -m scripts.land --prepare',
    }) }}
{%- endmacro %}

{% macro clickhouse__landed_table(relation) -%}
    {{ return({
        'columns': adapter.get_columns_in_relation(relation),
        'place': relation | string,
        'command': 'python -m scripts.push',
    }) }}
{%- endmacro %}


{#
    A table that lacks a column, or was made by other code, is filled again from all deliveries that can still be read;
    rows of the others stay as they are, with NULL in the column.
#}
{% macro _not_held_yet(column, deliveries, makes) -%}
    {%- set makes = makes or model.columns.keys() | list -%}
    {%- if not makes -%}
        {%- do exceptions.raise_compiler_error(
            'the YAML of ' ~ model.name ~ ' names no columns: name all that it makes, or a new one stays empty in deliveries '
            ~ 'that were staged before'
        ) -%}
    {%- endif -%}
    {%- set held = deliveries_of(this) + deliveries_of(retracted_of(this)) if is_incremental() else [] -%}
    {%- set lacking = columns_to_fill(makes) if held else [] -%}
    {%- if lacking or (held and was_made_by_other_code()) -%}
        {%- set gone = held | reject('in', deliveries) | sort | list -%}
        {%- if gone -%}
            {%- do exceptions.warn(
                this.identifier ~ ': ' ~ (lacking | join(', ') ~ ' stays NULL' if lacking else 'what other code made stays')
                ~ ' in ' ~ gone | length ~ ' of ' ~ held | length
                ~ ' deliveries, because what is no longer in landing cannot be read again: '
                ~ ([gone | first, '…', gone | last] if gone | length > 2 else gone) | join(', ')
            ) -%}
        {%- endif -%}
        {%- set held = gone -%}
    {%- endif -%}
    {{ in_list(column, deliveries | reject('in', held) | list) }}
{%- endmacro %}


{#
    Each delivery is one partition: a killed run leaves no partial delivery, and a delivery that is read again replaces
    its rows. On DuckDB delete and insert are one transaction.
#}
{% macro incremental_by_delivery(with_retracted=false) -%}
    {{ config(
        materialized='incremental',
        on_schema_change='append_new_columns',
        pre_hook='{{ prepare_columns() }}',
        post_hook=([] if with_retracted else ['{{ leave_out_retracted() }}']) + ['{{ record_code() }}'],
        **adapter.dispatch('by_delivery_config')()
    ) }}
{%- endmacro %}

{% macro duckdb__by_delivery_config() -%}
    {{ return({'incremental_strategy': 'delete+insert', 'unique_key': '_delivery_id'}) }}
{%- endmacro %}

{# the first build may hold years of deliveries #}
{% macro clickhouse__by_delivery_config() -%}
    {{ return({
        'incremental_strategy': 'insert_overwrite',
        'partition_by': '_delivery_id',
        'query_settings': {'max_partitions_per_insert_block': 0},
    }) }}
{%- endmacro %}


{#
    The columns that a model makes and its table lacks, or has without the values of older deliveries: on ClickHouse a
    separate statement adds columns, and a run killed after it leaves them empty.
#}
{% macro columns_to_fill(makes) -%}
    {%- set there = adapter.get_columns_in_relation(this) | map(attribute='name') | map('lower') | list -%}
    {%- set lacking = makes | map('lower') | reject('in', there) | list -%}
    {{ return(lacking or adapter.dispatch('columns_being_filled')()) }}
{%- endmacro %}

{% macro duckdb__columns_being_filled() -%}
    {{ return([]) }}
{%- endmacro %}

{% macro clickhouse__columns_being_filled() -%}
    {%- set query -%}
        select comment
        from system.tables
        where
            database = {{ text_literal(this.schema) }}
            and name = {{ text_literal(this.identifier) }}
            and startsWith(comment, '{{ filling() }}')
    {%- endset -%}
    {%- set comments = run_query(query).columns[0].values() -%}
    {{ return(comments[0][filling() | length:].split(', ') if comments else []) }}
{%- endmacro %}

{% macro filling() -%}
    {{ return('being filled: ') }}
{%- endmacro %}


{#
    Checks before anything is written that the query makes the columns in YAML, or older deliveries would silently lack
    one.
#}
{% macro prepare_columns() -%}
    {%- if execute -%}
        {%- set makes = adapter.dispatch('columns_made')() | map(attribute='name') | map('lower') | list -%}
        {%- do refuse_other_columns(makes) if model.columns -%}
        {%- do refuse_other_types() if is_incremental() and was_made_by_other_code() -%}
        {%- set lacking = columns_to_fill(makes) if is_incremental() else [] -%}
        {%- if lacking -%}
            {{ adapter.dispatch('note_columns_to_fill')(lacking) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__columns_made(query=none) -%}
    {{ return(get_column_schema_from_query(query or model.compiled_code)) }}
{%- endmacro %}

{# worded like dbt-clickhouse's own query, so that the plugin need not run it again #}
{% macro clickhouse__columns_made(query=none) -%}
    {{ return(adapter.get_column_schema_from_query(query or model.compiled_code, query_settings=config.get('query_settings', {}))) }}
{%- endmacro %}

{% macro refuse_other_columns(made) -%}
    {%- set named = model.columns | map('lower') | list -%}
    {%- set faults = [] -%}
    {%- for fault, columns in {
        'does not name ': made | reject('in', named) | list,
        'names, and its query does not make, ': named | reject('in', made) | list,
    }.items() if columns -%}
        {%- do faults.append(fault ~ columns | join(', ')) -%}
    {%- endfor -%}
    {%- if faults -%}
        {%- do exceptions.raise_compiler_error('the YAML of ' ~ this.identifier ~ ' ' ~ faults | join('; it ')) -%}
    {%- endif -%}
{%- endmacro %}

{# Rows of deliveries that cannot be read again keep the types of their columns, and a column has one type. #}
{% macro refuse_other_types() -%}
    {%- set types = {} -%}
    {%- for column in adapter.dispatch('columns_made')('select * from ' ~ this) -%}
        {%- do types.update({column.name | lower: column.data_type}) -%}
    {%- endfor -%}
    {%- for column in adapter.dispatch('columns_made')() if types.get(column.name | lower, column.data_type) != column.data_type -%}
        {%- do exceptions.raise_compiler_error(
            this.identifier ~ '.' ~ column.name ~ ' is ' ~ types[column.name | lower] ~ ' and becomes ' ~ column.data_type
            ~ ', but landing does not have all deliveries any more: dbt build --full-refresh --select ' ~ model.name
            ~ "+ --vars 'rebuild_from_landing: true' makes it from those that landing has"
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro duckdb__note_columns_to_fill(columns) -%}
{%- endmacro %}

{# The table's comment records this until the build ends and dbt writes the model's description there. #}
{% macro clickhouse__note_columns_to_fill(columns) -%}
    alter table {{ this }} modify comment '{{ filling() }}{{ columns | join(', ') }}'
{%- endmacro %}


{% macro delivery_partition() -%}
    {{ return(adapter.dispatch('delivery_partition')()) }}
{%- endmacro %}

{# the folder name: a filter on it opens only the files of those folders #}
{% macro duckdb__delivery_partition() -%} delivery {%- endmacro %}

{% macro clickhouse__delivery_partition() -%} _delivery_id {%- endmacro %}


{% macro in_list(column, values) -%}
    {%- if values | length == 0 -%}
        false
    {%- else -%}
        {{ column }} in ({% for value in values | sort %}{{ dbt.string_literal(value) }}{{ ', ' if not loop.last }}{% endfor %})
    {%- endif -%}
{%- endmacro %}
