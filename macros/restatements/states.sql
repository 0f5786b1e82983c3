{#
    Every record that meets a condition, with its position in the history of its key. The last record of a key in a
    delivery is a state of the key (recency_in_delivery = 1); previous_* and next_* are the delivery and file, and the
    compared columns (each with its kind), of the states before and after it. For each column in keep_last:
    last_known_<column> is its value once the record has arrived, later_<column> counts the later records that have a
    value. Most keys have one record and no history: windows are costly, so only the other keys go through them. Where
    a delivery was retracted, a key of its records has a history in each era: records_in_eras().
#}
{% macro record_states(records, columns, compared, condition, key='event_id', keep_last=[]) -%}
    {%- set retracted = retractions() -%}
    {%- if retracted -%}
        {%- set records = records_in_eras(records, key, retracted) | indent(8) -%}
        {%- set columns = columns + ['era_key', 'retracted_by', 'era_begins_with', 'era_without', 'era_ends_with'] -%}
        {%- set key = 'era_key' -%}
    {%- endif -%}
    {%- set several = keys_of_several_records(records, key, condition) | indent(8) -%}
    {%- set neighbours = {'delivery_id': ('_delivery_id', 'text_nullable'), 'source_file': ('_source_file', 'text_nullable')} -%}
    {%- for column, kind in compared.items() -%} {%- do neighbours.update({column: (column, kind)}) -%} {%- endfor -%}
    select
        {{ columns | join(',\n        ') }},
        {%- for column in keep_last %}
        {{ column }} as last_known_{{ column }},
        0 as later_{{ column }},
        {%- endfor %}
        {%- for name, (_, kind) in neighbours.items() %}
        {{ cast_to('null', kind) }} as previous_{{ name }},
        {{ cast_to('null', kind) }} as next_{{ name }},
        {%- endfor %}
        1 as recency_in_delivery
    from {{ records }}
    where
        {{ condition }}
        and {{ key }} not in ({{ several }})
    union all
    select
        {{ columns | join(',\n        ') }},
        {%- for column in keep_last %}
        last_known_{{ column }},
        later_{{ column }},
        {%- endfor %}
        {%- for name, (column, kind) in neighbours.items() %}
        lag({{ cast_to(column, kind) }}) over states as previous_{{ name }},
        lead({{ cast_to(column, kind) }}) over states as next_{{ name }},
        {%- endfor %}
        recency_in_delivery
    from (
        select
            {{ columns | join(',\n            ') }},
            {%- for column in keep_last %}
            {{ first_known_value(column, 'history_so_far') }} as last_known_{{ column }},
            count({{ column }}) over later_history as later_{{ column }},
            {%- endfor %}
            row_number() over (partition by {{ key }}, _delivery_id order by {{ latest_first() }}) as recency_in_delivery
        from {{ records }}
        where
            {{ condition }}
            and {{ key }} in ({{ several }})
        {%- if keep_last %}
        window
            later_history as (
                partition by {{ key }} order by {{ latest_first() }}
                rows between unbounded preceding and 1 preceding
            ),
            history_so_far as (
                partition by {{ key }} order by {{ latest_first() }}
                rows between current row and unbounded following
            )
        {%- endif %}
    ) as ranked
    window states as (partition by {{ key }}, recency_in_delivery order by _delivery_id)
{%- endmacro %}
