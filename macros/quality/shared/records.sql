{#
    Rules about one record, shared by all sources. events is a staging model with set_aside_reason, event_date and the
    columns with the position of a record; key names the column that identifies an event; impact is the amount of a
    record, texts are columns of the evidence.
#}

{# A record that could not be read: the loader kept its text and its position. #}
{% macro rule_rejected_record(rejected) -%}
with rejected as (
    select
        *,
        entity as file_entity
    from {{ rejected }}
)

{{ findings_of_records(
    'rejected', rule='rejected_record', key=place_of_record(), day=none, observed='reason', expected="'a record'", texts=['file_entity']
) }}
{%- endmacro %}


{% macro rule_missing_event_id(events, key='event_id', impact=none, texts=[]) -%}
with nameless as (
    select * from {{ events }}
    where set_aside_reason = 'missing_{{ key }}'
)

{{ findings_of_records(
    'nameless', rule='missing_event_id', key=place_of_record(), expected="'an id'", impact=impact, texts=texts
) }}
{%- endmacro %}


{% macro rule_unreadable_time(events, key='event_id', observed='timestamp_as_delivered', impact=none, texts=[]) -%}
with undated as (
    select * from {{ events }}
    where set_aside_reason = 'unparsable_timestamp'
)

{{ findings_of_records(
    'undated', rule='unreadable_time', key=key, observed=observed, expected="'a time'", impact=impact, texts=texts
) }}
{%- endmacro %}


{# A value of a column that the models do not know, or a missing value. #}
{% macro rule_unknown_type(events, values, column='event_type', key='event_id', impact=none, texts=[]) -%}
with unknown as (
    select * from {{ events }}
    where
        set_aside_reason is null
        and coalesce({{ column }}, '') not in ({% for value in values %}'{{ value }}'{{ ', ' if not loop.last }}{% endfor %})
)

{{ findings_of_records(
    'unknown', rule='unknown_type', key=key, observed=column, impact=impact, texts=texts,
    expected="'" ~ values[:-1] | join(', ') ~ ' or ' ~ values[-1] ~ "'"
) }}
{%- endmacro %}


{% macro rule_time_after_delivery(
    events, key='event_id', time='event_at', observed='timestamp_as_delivered', impact=none, texts=[]
) -%}
with premature as (
    select * from {{ events }}
    where
        set_aside_reason is null
        and {{ time }} > _delivered_at
)

{{ findings_of_records(
    'premature', rule='time_after_delivery', key=key, observed=observed, expected="'a time before the delivery'", impact=impact,
    texts=texts
) }}
{%- endmacro %}


{# Staging records the columns whose text it had to change (macro respelled). #}
{% macro rule_text_respelled(events, key='event_id', texts=[]) -%}
with respellings as (
    select * from {{ events }}
    where
        {{ key }} is not null
        and respelled is not null
)

{{ findings_of_records(
    'respellings', rule='text_respelled', key=key, observed='respelled', expected="'one spelling of each value'", texts=texts
) }}
{%- endmacro %}
