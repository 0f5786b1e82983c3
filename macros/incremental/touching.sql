{#
    One row per loaded delivery, delivery, record day and day: an event of the loaded delivery has a record in the second
    delivery on the record day, and a record on the day. The set follows from what was delivered, not from the order.
#}
{% macro touches_of_deliveries(events) -%}
    with staged as (
        select
            event_id,
            event_date,
            _delivery_id as staged_delivery_id
        from {{ events }}
        where set_aside_reason is null
    ),

    loaded_events as (
        select distinct
            event_id,
            staged_delivery_id as loaded_delivery_id
        from staged
        where {{ is_new_in(events, 'staged_delivery_id') }}
    ),

    records as (
        select distinct
            loaded_events.loaded_delivery_id,
            staged.event_id as event_id,
            staged.event_date,
            staged.staged_delivery_id
        from loaded_events
        inner join staged on loaded_events.event_id = staged.event_id
    ),

    touches as (
        select distinct
            holding.loaded_delivery_id as _delivery_id,
            holding.staged_delivery_id as delivery_id,
            {{ cast_to('holding.event_date', 'date') }} as record_date,
            {{ cast_to('seen.event_date', 'date') }} as event_date
        from records as holding
        inner join records as seen
            on
                holding.event_id = seen.event_id
                and holding.loaded_delivery_id = seen.loaded_delivery_id
    )

    select * from touches
{%- endmacro %}


{#
    The staged records that a rebuild of the days must read: those in the deliveries and on the days that hold any record of
    an event that was ever seen on one of the days. Literals, so that both engines open only those parts of staging.
#}
{% macro in_touching_records(touches, days) -%}
    {%- if days is none -%}
        true
    {%- elif days | length == 0 -%}
        false
    {%- else -%}
        {%- set query -%}
            select distinct
                delivery_id,
                {{ cast_to('record_date', 'text') }} as record_day
            from {{ touches }}
            where {{ in_days('event_date', days) }}
        {%- endset -%}
        {%- set found = run_query(query) -%}
        {{ in_list('_delivery_id', found.columns[0].values() | unique | list) }}
        and {{ in_days('event_date', found.columns[1].values() | unique | sort | list) }}
    {%- endif -%}
{%- endmacro %}
