{#
    Every record of an event with its place in the event's story. The last record of an event in a delivery is a state of the
    event (recency_in_delivery = 1); previous_* and next_* are the states before and after it. last_known_revenue is what
    revenue_usd says once the record is there; later_amounts counts the records after it that carry an amount.
#}
{% macro event_states(records) -%}
    select
        *,
        {{ invalid_record_reason('ranked') }} as invalid_record_reason,
        lag({{ cast_to('_delivery_id', 'text_nullable') }}) over states as previous_delivery_id,
        lag({{ cast_to('event_date', 'date_nullable') }}) over states as previous_event_date,
        lag({{ cast_to('publisher_id', 'text_nullable') }}) over states as previous_publisher_id,
        lag({{ cast_to('revenue_usd', 'money_nullable') }}) over states as previous_revenue,
        lead({{ cast_to('_delivery_id', 'text_nullable') }}) over states as next_delivery_id,
        lead({{ cast_to('_source_file', 'text_nullable') }}) over states as next_source_file,
        lead({{ cast_to('event_date', 'date_nullable') }}) over states as next_event_date,
        lead({{ cast_to('publisher_id', 'text_nullable') }}) over states as next_publisher_id
    from (
        select
            *,
            row_number() over (partition by event_id, _delivery_id order by {{ latest_first() }}) as recency_in_delivery,
            count(revenue_usd) over later_history as later_amounts,
            {{ first_known_value('revenue_usd', 'history_so_far') }} as last_known_revenue
        from {{ records }}
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
