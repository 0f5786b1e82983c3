{#
    Every record of an event with its place in the event's story, of the records that meet a condition. The last record
    of an event in a delivery is a state of the event (recency_in_delivery = 1); previous_* and next_* are the states
    before and after it. last_known_revenue is what revenue_usd says once the record is there; later_amounts counts the
    records after it that carry an amount. Most events have one record, which has no story: windows are costly, and see
    only the records of the others.
#}
{% macro event_states(records, columns, condition) -%}
    {%- set several = keys_of_several_records(records, 'event_id', condition) | indent(8) -%}
    {%- set neighbours = {
        'delivery_id': ('_delivery_id', 'text_nullable'),
        'source_file': ('_source_file', 'text_nullable'),
        'event_date': ('event_date', 'date_nullable'),
        'publisher_id': ('publisher_id', 'text_nullable'),
        'revenue': ('revenue_usd', 'money_nullable'),
    } -%}
    select
        {{ columns | join(',\n        ') }},
        1 as recency_in_delivery,
        0 as later_amounts,
        revenue_usd as last_known_revenue,
        {{ invalid_record_reason('records', 'revenue_usd') }} as invalid_record_reason
        {%- for name, (_, kind) in neighbours.items() %},
        {{ cast_to('null', kind) }} as previous_{{ name }},
        {{ cast_to('null', kind) }} as next_{{ name }}
        {%- endfor %}
    from {{ records }} as records
    where
        {{ condition }}
        and event_id not in ({{ several }})
    union all
    select
        {{ columns | join(',\n        ') }},
        recency_in_delivery,
        later_amounts,
        last_known_revenue,
        {{ invalid_record_reason('ranked') }} as invalid_record_reason
        {%- for name, (column, kind) in neighbours.items() %},
        lag({{ cast_to(column, kind) }}) over states as previous_{{ name }},
        lead({{ cast_to(column, kind) }}) over states as next_{{ name }}
        {%- endfor %}
    from (
        select
            {{ columns | join(',\n            ') }},
            row_number() over (partition by event_id, _delivery_id order by {{ latest_first() }}) as recency_in_delivery,
            count(revenue_usd) over later_history as later_amounts,
            {{ first_known_value('revenue_usd', 'history_so_far') }} as last_known_revenue
        from {{ records }}
        where
            {{ condition }}
            and event_id in ({{ several }})
        window
            later_history as (
                partition by event_id order by {{ latest_first() }}
                rows between unbounded preceding and 1 preceding
            ),
            history_so_far as (
                partition by event_id order by {{ latest_first() }}
                rows between current row and unbounded following
            )
    ) as ranked
    window states as (partition by event_id, recency_in_delivery order by _delivery_id)
{%- endmacro %}
