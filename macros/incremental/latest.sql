{#
    The latest record of each key on the days that a run rebuilds (all where days is none): the last one, by delivery,
    file and row, of its records that are not set aside. It adds to their columns: recency, record_count,
    first_delivery_id and, for each column in keep_last, last_known_<column>, which a later record without a value does
    not remove, and last_known_<column>_delivery_id, the delivery that gave it. Most keys have one record, which needs
    no sorting: windows are costly, so only the other keys go through them.
#}
{% macro latest_states(records, touches, days, key='event_id', keep_last=[]) -%}
    {%- set read = 'set_aside_reason is null and ' ~ in_touching_records(touches, days) -%}
    select *
    from (
        select
            *,
            {%- for column in keep_last %}
            {{ column }} as last_known_{{ column }},
            {{ _delivery_where_known(column) }} as last_known_{{ column }}_delivery_id,
            {%- endfor %}
            1 as recency,
            1 as record_count,
            _delivery_id as first_delivery_id
        from {{ records }}
        where
            {{ read }}
            and {{ key }} not in ({{ keys_of_several_records(records, key, read) | indent(12) }})
        union all
        select
            *,
            {%- for column in keep_last %}
            {{ first_known_value(column, 'whole_history') }} as last_known_{{ column }},
            {{ first_known_value(_delivery_where_known(column), 'whole_history') }} as last_known_{{ column }}_delivery_id,
            {%- endfor %}
            row_number() over by_recency as recency,
            count(*) over whole_history as record_count,
            min(_delivery_id) over whole_history as first_delivery_id
        from {{ records }}
        where
            {{ read }}
            and {{ key }} in ({{ keys_of_several_records(records, key, read) | indent(12) }})
        window
            by_recency as (partition by {{ key }} order by {{ latest_first() }}),
            whole_history as (
                partition by {{ key }} order by {{ latest_first() }}
                rows between unbounded preceding and unbounded following
            )
    ) as ranked
    where
        recency = 1
        and {{ in_days('event_date', days) }}
{%- endmacro %}


{% macro _delivery_where_known(column) -%}
    {{ cast_to('case when ' ~ column ~ ' is not null then _delivery_id end', 'text_nullable') }}
{%- endmacro %}


{# The keys with more than one record that meets a condition. #}
{% macro keys_of_several_records(records, key, condition) -%}
    select {{ key }}
    from {{ records }}
    where
        {{ condition }}
        and {{ key }} is not null
    group by {{ key }}
    having count(*) > 1
{%- endmacro %}


{#
    A complete fact: one row per key of a declared table, its latest record, incremental by day. Its YAML names its
    columns, each with its data_type: columns of the staging model, an amount of keep_last as last known, with
    <amount>_delivery_id where fct_dq_findings needs it to tell how long findings about it stay open, record_count,
    first_delivery_id, is_corrected (a later delivery brought another record) and _day_version. touches: the name of the
    model with touches_of_deliveries() of the staging model; order_by: how ClickHouse sorts the rows of a day, best by
    the columns that queries filter on.
#}
{% macro latest_records(source_name, table, touches, order_by=['event_date']) -%}
    {%- set declared = declared_table(source_name, table) -%}
    {%- set staged = {} -%}
    {%- for column in staged_columns(source_name, table) -%}
        {%- do staged.update({column.column: column.name}) if column.column -%}
    {%- endfor -%}
    {%- set key = staged[declared.key] or 'event_id' -%}
    {%- set keep_last = [] -%}
    {%- set instead = {
        'is_corrected': 'latest.first_delivery_id <> latest._delivery_id', '_day_version': 'event_days._day_version'
    } -%}
    {%- for column in declared.keep_last or [] -%}
        {%- do keep_last.append(staged[column]) -%}
        {%- do instead.update({
            staged[column]: 'latest.last_known_' ~ staged[column],
            staged[column] ~ '_delivery_id': 'latest.last_known_' ~ staged[column] ~ '_delivery_id',
        }) -%}
    {%- endfor -%}
    {%- if execute and ('_day_version' not in model.columns or 'event_date' not in model.columns) -%}
        {% do exceptions.raise_compiler_error(
            model.name ~ ': its YAML lists the columns of the fact, event_date and _day_version among them'
        ) %}
    {%- endif -%}
    {%- set days = incremental_by_day(touches=touches, order_by=order_by) %}

with latest as (
    {{ latest_states(ref('stg_' ~ source_name ~ '__' ~ table), ref(touches), days, key=key, keep_last=keep_last) | indent(4) }}
),

final as (
    select
        {{ declared_columns('latest', instead) | indent(8) }}
    from latest
    inner join {{ days_of(touches=touches) }} as event_days
        on latest.event_date = event_days.event_date
)

select * from final
{%- endmacro %}
