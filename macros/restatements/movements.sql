{#
    Relations, the last of which is movements: what each delivery did to the figures, one row per record that arrives
    and per state that departs, from a relation of record_states(). A movement has the columns of its record, the
    delivery and file that made it (delivery_id, source_file), and
    - direction: 1 where the record adds to the figures, -1 where a later delivery takes it away, 0 where a later record
      of its own delivery replaces it. The sum over all deliveries up to a given one is what was known then;
    - fate: what became of the record, of record_fates(); departed where the movement takes a state away;
    - effect: what the delivery did to the event, of delivery_effects(); others where it restates nothing.
    Where a delivery was retracted, what it did stays, and its retraction makes up for it: movements_in_eras().
    place: the compared columns, such as day and publisher, between which figures may move. effects: what else a
    delivery may do to an event, as conditions by name; the first that holds counts.
#}
{% macro movements_of(states, place, effects) -%}
{%- set retracted = retractions() -%}
{%- set step = 'step_' if retracted else '' -%}
arrivals as (
    select
        *,
        case when recency_in_delivery = 1 then 1 else 0 end as {{ step }}direction,
        case
            when recency_in_delivery > 1 then 'replaced_in_delivery'
            when next_delivery_id is not null then 'replaced_by_delivery'
            else 'current'
        end as {{ step }}fate,
        case
            when recency_in_delivery > 1 then 'repeated'
            when previous_delivery_id is null then 'first_seen'
            when {{ _is_elsewhere('previous', place) }} then 'moved_in'
            {%- for effect, condition in effects.items() %}
            when {{ condition }} then '{{ effect }}'
            {%- endfor %}
            else 'repeated'
        end as {{ step }}effect
    from {{ states }}
),

departures as (
    select
        *,
        -1 as {{ step }}direction,
        'departed' as {{ step }}fate,
        case when {{ _is_elsewhere('next', place) }} then 'moved_out' else 'replaced_here' end as {{ step }}effect
    from {{ states }}
    where
        recency_in_delivery = 1
        and next_delivery_id is not null
),

movements as (
    {%- if retracted %}
    {{ movements_in_eras() | indent(4) }}
    {%- else %}
    select
        _delivery_id as delivery_id,
        _source_file as source_file,
        *
    from arrivals
    union all
    select
        {{ cast_to('next_delivery_id', 'text') }} as delivery_id,
        {{ cast_to('next_source_file', 'text') }} as source_file,
        *
    from departures
    {%- endif %}
)
{%- endmacro %}


{% macro _is_elsewhere(neighbour, place) -%}
    {%- for column in place -%}
        ({{ neighbour }}_{{ column }} is distinct from {{ column }}){{ ' or ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# What becomes of a record; every record has one fate. #}
{% macro record_fates() -%}
    {{ return(['current', 'replaced_in_delivery', 'replaced_by_delivery']) }}
{%- endmacro %}


{# What a delivery may do to the events of a day: the effects of every ledger, and those of this one. #}
{% macro delivery_effects(own) -%}
    {{ return(['first_seen'] + own | list + ['moved_in', 'moved_out', 'retracted', 'restored']) }}
{%- endmacro %}
