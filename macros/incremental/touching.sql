{#
    One row per loaded delivery, delivery, record day and day: an event of the loaded delivery has a record in the
    second delivery on the record day, and a record on the day. The set depends on what was delivered, not on the order.
    A record without a day, such as a deletion, touches the days of the other records of its event. Most events have one
    record, which touches its own day and needs no join. Each step names the relation, because DuckDB would keep all
    rows of a step that is read twice. Leave out the key where no event can have records on two days, as when its time
    is part of its key. Records of retracted deliveries touch days too: those lose the records.
#}
{% macro touches_of_deliveries(events, key='event_id', condition='records.set_aside_reason is null') -%}
    {%- do config(order_by='event_date') -%}
    {%- set makes = ['_delivery_id', 'delivery_id', 'record_date', 'event_date'] -%}
    {%- set is_loaded = is_new_in(events, 'records._delivery_id', makes=makes, with_retracted=true) -%}
    {%- set events = with_retracted(events) -%}
    with
    {%- if key %}
    revised_events as (
        select records.{{ key }} as event_key
        from {{ events }} as records
        where
            {{ condition }}
            {% if is_incremental() -%}
            and records.{{ key }} in (select records.{{ key }} from {{ events }} as records where {{ condition }} and {{ is_loaded }})
            {% endif -%}
        group by records.{{ key }}
        having count(*) > 1
    ),

    revised_records as (
        select distinct
            records.{{ key }} as event_key,
            records.event_date as event_date,
            records._delivery_id as _delivery_id
        from {{ events }} as records
        inner join revised_events on records.{{ key }} = revised_events.event_key
        where {{ condition }}
    ),
    {%- endif %}

    touches as (
        select{{ ' distinct' if not key }}
            records._delivery_id as _delivery_id,
            records._delivery_id as delivery_id,
            {{ cast_to('records.event_date', 'date_nullable') }} as record_date,
            {{ cast_to('records.event_date', 'date') }} as event_date
        from {{ events }} as records
        where
            {{ condition }}
            and {{ is_loaded }}
            and records.event_date is not null
        {%- if key %}
        union distinct
        select
            records._delivery_id as _delivery_id,
            holding._delivery_id as delivery_id,
            {{ cast_to('holding.event_date', 'date_nullable') }} as record_date,
            {{ cast_to('seen.event_date', 'date') }} as event_date
        from revised_records as records
        inner join revised_records as holding on records.event_key = holding.event_key
        inner join revised_records as seen on records.event_key = seen.event_key
        where
            {{ is_loaded }}
            and seen.event_date is not null
        {%- endif %}
    )

    select * from touches
{%- endmacro %}


{#
    The staged records that a rebuild of the days must read: those in the deliveries and on the days with any record of
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
                {{ cast_to('record_date', 'text_nullable') }} as record_day
            from {{ touches }}
            where {{ in_days('event_date', days) }}
        {%- endset -%}
        {%- set found = run_query(query) -%}
        {%- set record_days = found.columns[1].values() | unique | list -%}
        {{ in_list('_delivery_id', found.columns[0].values() | unique | list) }}
        and (
            {{ in_days('event_date', record_days | reject('none') | sort | list) }}
            {{ 'or event_date is null' if none in record_days }}
        )
    {%- endif -%}
{%- endmacro %}
