{#
    Changes to dimension rows that left updated_at unchanged: one row per key and delivery, with what changed. The
    attributes are those of the dimension's history; staging has columns of the same names.
#}
{% macro silent_edits_of_dimension(entity, staging, history, key) -%}
    {%- set attributes = shown_attributes(history, key) -%}
    select
        '{{ entity }}/' || {{ cast_to(key, 'text') }} || '/' || _delivery_id as edit_key,
        {{ cast_to('null', 'date_nullable') }} as event_date,
        {{ cast_to('_delivery_id', 'text') }} as _delivery_id,
        {{ changed_values(attributes) }} as values_after,
        {{ changed_values(attributes, 'previous_') }} as values_before
    from (
        select
            *,
            {%- for column in attributes %}
            lag({{ column }}) over of_row as previous_{{ column }},
            {%- endfor %}
            lag(updated_at) over of_row as previous_updated_at,
            lag({{ cast_to('operation', 'text_nullable') }}) over of_row as previous_operation
        from {{ staging }}
        window of_row as (partition by {{ key }} order by _delivery_id, _source_row)
    ) as changes
    where
        operation = 'upsert'
        and previous_operation = 'upsert'
        and updated_at is not distinct from previous_updated_at
        and {{ any_changed(attributes) | indent(8) }}
{%- endmacro %}
