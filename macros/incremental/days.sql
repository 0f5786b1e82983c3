{#
    Facts are rebuilt by whole days. Every row of a fact has the _day_version of its day, and a run rebuilds the days
    whose version differs from the parent's. So a day that changed, was dropped or is half built is rebuilt. On DuckDB
    delete+insert in one transaction replaces the day, on ClickHouse REPLACE PARTITION.

    The parent is a model with event_date and _day_version (a fact, or a model of event_days) or, as touches, a model of
    touches_of_deliveries. Returns the days to rebuild, as ISO texts; none means all (first build, full refresh).
    by='month' is for facts that span decades, which would need thousands of partitions: a day that changed rebuilds its
    month.
#}
{% macro incremental_by_day(parent=none, order_by=none, touches=none, by='day') -%}
    {{ config(
        materialized='incremental',
        on_schema_change='fail',
        post_hook=[
            "{{ clear_emptied_days(days_of(" ~ _arguments(parent, touches) ~ "), '" ~ by ~ "') }}",
            '{{ record_code() }}',
        ],
        **adapter.dispatch('by_day_config')(order_by, by)
    ) }}
    {%- do refuse_unversioned_reads(parent or touches) -%}
    {%- if not (execute and is_incremental()) -%} {{ return(none) }} {%- endif -%}
    {%- set days = days_of(parent, touches) -%}
    {%- set changed = days_that_differ(days) -%}
    {{ return(days_of_their_months(changed, days) if by == 'month' and changed else changed) }}
{%- endmacro %}

{% macro _arguments(parent, touches) -%}
    {{ return("parent='" ~ parent ~ "'" if parent else "touches='" ~ touches ~ "'") }}
{%- endmacro %}

{% macro duckdb__by_day_config(order_by, by) -%}
    {{ return({'incremental_strategy': 'delete+insert', 'unique_key': 'event_date'}) }}
{%- endmacro %}

{% macro clickhouse__by_day_config(order_by, by) -%}
    {{ return({
        'incremental_strategy': 'insert_overwrite',
        'partition_by': {'day': 'toYYYYMMDD', 'month': 'toYYYYMM'}[by] ~ '(event_date)',
        'order_by': order_by,
        'settings': {
            'allow_nullable_key': 1,
            'default_compression_codec': 'ZSTD(1)',
            'index_granularity': 1024,
        },
        'query_settings': {'max_partitions_per_insert_block': 0},
    }) }}
{%- endmacro %}


{#
    Days and their versions, to select from. With touches, the version is the number of deliveries that touch the day
    and the last of them: that set only grows, so any change to it changes the version. A retracted delivery stays in
    it, and the one that retracts it is added.
#}
{% macro days_of(parent=none, touches=none) -%}
    {%- if touches -%}
    {%- set retracted = retractions() %}
    (
        select
            event_date,
            {{ cast_to('count(distinct delivery_id)', 'text') }} || '/' || max(delivery_id) as _day_version
        from {{ ref(touches) if not retracted else _touches_and_retractions(ref(touches), retracted) }}
        group by event_date
    )
    {%- else -%}
    (select distinct event_date, _day_version from {{ ref(parent) }})
    {%- endif -%}
{%- endmacro %}


{# on ClickHouse the alias hides a column of the same name, also in the condition: the column is qualified #}
{% macro _touches_and_retractions(touches, retracted) -%}
    (
            select
                event_date,
                {{ cast_to('delivery_id', 'text') }} as delivery_id
            from {{ touches }}
            union all
            select
                known.event_date as event_date,
                {{ cast_to(retraction_of('known.delivery_id', retracted), 'text') }} as delivery_id
            from {{ touches }} as known
            where {{ in_list('known.delivery_id', retracted | list) }}
        ) as touches
{%- endmacro %}


{% macro days_that_differ(days, only_ours=false) -%}
    {%- set query -%}
        select distinct
            cast(coalesce(parent_days.event_date, our_days.event_date) as {{ sql_type('text_nullable') }}) as changed_day
        from {{ days }} as parent_days
        full outer join (select distinct event_date, _day_version from {{ this }}) as our_days
            on our_days.event_date = parent_days.event_date
        where
            parent_days._day_version is distinct from our_days._day_version
            {{ 'and our_days.event_date is not null' if only_ours }}
    {%- endset -%}
    {{ return(sorted_values(query)) }}
{%- endmacro %}


{# All days of the months of these days: those of the parent and those of the table. #}
{% macro days_of_their_months(changed, days) -%}
    {%- set months = [] -%}
    {%- for day in changed -%} {%- do months.append(day[:7]) -%} {%- endfor -%}
    {%- set query -%}
        select distinct known.day_text
        from (
            select {{ cast_to('event_date', 'text') }} as day_text from {{ days }} as parent_days
            union distinct
            select {{ cast_to('event_date', 'text') }} as day_text from {{ this }}
        ) as known
        where {{ in_list('substring(known.day_text, 1, 7)', months | unique | list) }}
    {%- endset -%}
    {{ return(sorted_values(query)) }}
{%- endmacro %}


{# The values that a column of a relation has, as texts; none where it is not built. #}
{% macro texts_in(relation, column) -%}
    {%- if not (execute and is_there(relation)) -%} {{ return(none) }} {%- endif -%}
    {%- set query -%}
        select distinct {{ cast_to(column, 'text_nullable') }} as known_text from {{ relation }}
    {%- endset -%}
    {{ return(sorted_values(query)) }}
{%- endmacro %}


{% macro sorted_values(query) -%}
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


{#
    Replacing a day needs rows for it. A day that lost all its rows still has its old version after the run, and is
    deleted here. A day that never had rows is none of these: only a retracted delivery may touch it.
#}
{% macro clear_emptied_days(days, by='day') -%}
    {%- set emptied = days_that_differ(days, only_ours=true) if execute else [] -%}
    {%- if emptied -%}
        {{ delete_days(emptied, by) }}
    {%- endif -%}
{%- endmacro %}


{% macro delete_days(days, by) -%}
    {{ return(adapter.dispatch('delete_days')(days, by)) }}
{%- endmacro %}

{% macro duckdb__delete_days(days, by) -%}
    delete from {{ this }} where {{ in_days('event_date', days) }}
{%- endmacro %}

{#
    A DELETE mutates every partition, even where it finds nothing: seconds for a month of days. A month with any day
    left was replaced, so its other days are gone already.
#}
{% macro clickhouse__delete_days(days, by) -%}
    {%- set partitions = [] -%}
    {%- for day in days -%}
        {%- do partitions.append((day[:7] if by == 'month' else day) | replace('-', '')) -%}
    {%- endfor -%}
    alter table {{ this }}
    {%- for partition in partitions | unique %} drop partition id '{{ partition }}'{{ ',' if not loop.last }}{% endfor %}
{%- endmacro %}
