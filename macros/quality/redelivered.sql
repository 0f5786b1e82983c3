{#
    What a delivery says about an event next to what the previous delivery said: one row per event and delivery after
    the first one that brought it, from usable records, with previous_<column> and previous_delivery_id. The last record
    of a delivery counts.
#}
{% macro redelivered_events(relation, columns) -%}
    select * from (
        select
            *,
            {%- for column in columns %}
            {{ column_before(column) }} as previous_{{ column }},
            {%- endfor %}
            {{ column_before(cast_to('_delivery_id', 'text_nullable')) }} as previous_delivery_id
        from (
            select * from {{ relation }}
            where set_aside_reason is null
            qualify row_number() over (partition by event_id, _delivery_id order by {{ latest_first() }}) = 1
        ) as latest_of_delivery
    ) as compared
    where previous_delivery_id is not null
{%- endmacro %}

{% macro column_before(column) -%} lag({{ column }}) over (partition by event_id order by _delivery_id) {%- endmacro %}
