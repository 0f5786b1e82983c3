{#
    Facts are rebuilt by whole days. Every row of a fact carries the _day_version of its parent, and a run rebuilds the
    days whose version differs from the parent's, so a day that changed, was dropped or half built mends itself.
    Rows replace the day on DuckDB by delete+insert in one transaction, on ClickHouse by REPLACE PARTITION.
#}
{% macro incremental_by_day(parent, order_by) -%}
    {{ config(
        materialized='incremental',
        on_schema_change='fail',
        post_hook="{{ clear_emptied_days(ref('" ~ parent ~ "')) }}",
        **adapter.dispatch('by_day_config')(order_by)
    ) }}
{%- endmacro %}

{% macro duckdb__by_day_config(order_by) -%}
    {{ return({'incremental_strategy': 'delete+insert', 'unique_key': 'event_date'}) }}
{%- endmacro %}

{% macro clickhouse__by_day_config(order_by) -%}
    {{ return({
        'incremental_strategy': 'insert_overwrite',
        'partition_by': 'toYYYYMMDD(event_date)',
        'order_by': order_by,
        'settings': {
            'allow_nullable_key': 1,
            'default_compression_codec': 'ZSTD(1)',
            'index_granularity': 1024,
        },
        'query_settings': {'max_partitions_per_insert_block': 0},
    }) }}
{%- endmacro %}


{# The days, as ISO texts, that a run rebuilds; none means all (first build or full refresh). #}
{% macro changed_days(parent) -%}
    {%- if execute and is_incremental() -%}
        {{ return(days_that_differ(parent)) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{% macro days_that_differ(parent) -%}
    {%- set query -%}
        select distinct
            cast(coalesce(parent_days.event_date, our_days.event_date) as {{ sql_type('text_nullable') }}) as changed_day
        from (select distinct event_date, _day_version from {{ parent }}) as parent_days
        full outer join (select distinct event_date, _day_version from {{ this }}) as our_days
            on our_days.event_date = parent_days.event_date
        where parent_days._day_version is distinct from our_days._day_version
    {%- endset -%}
    {{ return(run_query(query).columns[0].values() | sort | list) }}
{%- endmacro %}


{% macro in_days(column, days) -%}
    {%- if days is none -%}
        true
    {%- elif days | length == 0 -%}
        false
    {%- else -%}
        {{ column }} in ({% for day in days %}{{ cast_to("'" ~ day ~ "'", 'date') }}{{ ', ' if not loop.last }}{% endfor %})
    {%- endif -%}
{%- endmacro %}


{# Replacing a day needs rows of it; a day that lost all its rows still has its old version after the run and is cleared. #}
{% macro clear_emptied_days(parent) -%}
    {%- set days = days_that_differ(parent) if execute else [] -%}
    {%- if days -%}
        {{ delete_days(days) }}
    {%- endif -%}
{%- endmacro %}


{% macro delete_days(days) -%}
    {{ return(adapter.dispatch('delete_days')(days)) }}
{%- endmacro %}

{% macro duckdb__delete_days(days) -%}
    delete from {{ this }} where {{ in_days('event_date', days) }}
{%- endmacro %}

{# a DELETE is a mutation of every partition, whatever it finds: seconds on a month of days #}
{% macro clickhouse__delete_days(days) -%}
    alter table {{ this }}
    {%- for day in days %} drop partition id '{{ day | replace('-', '') }}'{{ ',' if not loop.last }}{% endfor %}
{%- endmacro %}
