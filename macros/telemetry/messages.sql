{#
    Messages of readings with several messages: place 1 is the one that counts, which is the first produced, then the
    first by topic, partition and offset, whatever the order of deliveries. The others repeat it, with the same or
    different values.
#}
{% macro ranked_repeats(records, read) -%}
    select
        *,
        first_value(said) over by_time as first_said,
        min(_delivery_id) over of_reading as first_delivery_id,
        row_number() over by_time as place,
        count(*) over of_reading as record_count
    from (
        select
            *,
            {{ fingerprint_of(['temperature', 'humidity', 'pressure', 'firmware_version']) }} as said
        from {{ records }}
        where
            {{ read }}
            and (device_id, event_at) in ({{ readings_of_several_messages(records, read) | indent(12) }})
    ) as repeated
    window
        by_time as (
            partition by device_id, event_at
            order by _produced_at asc nulls last, _topic_id asc, _partition asc, _source_row asc
            rows between unbounded preceding and unbounded following
        ),
        of_reading as (partition by device_id, event_at)
{%- endmacro %}


{% macro readings_of_several_messages(records, read) -%}
    select
        device_id,
        event_at
    from {{ records }}
    where {{ read }}
    group by device_id, event_at
    having count(*) > 1
{%- endmacro %}


{# The usable messages of the days that a run rebuilds. A reading belongs to one day, so its messages do too. #}
{% macro messages_of_days(touches, days) -%}
    set_aside_reason is null
        and {{ in_touching_records(touches, days) }}
        and {{ in_days('event_date', days) }}
{%- endmacro %}


{# When a message left its device: the time that the broker stores with it, else when it was consumed. #}
{% macro sent_at(relation) -%}
    coalesce({{ relation }}._produced_at, {{ relation }}._consumed_at, {{ relation }}._delivered_at)
{%- endmacro %}


{#
    Whether a message was sent later after its reading, or further before it, than the declaration allows
    (late_after_seconds, early_after_seconds).
#}
{% macro is_late(relation) -%}
    {{ cast_to(
        'date_diff(\'microsecond\', ' ~ relation ~ '.event_at, ' ~ sent_at(relation) ~ ') > ' ~ _micros_allowed('late_after_seconds'),
        'boolean'
    ) }}
{%- endmacro %}

{% macro is_early(relation) -%}
    {{ cast_to(
        'date_diff(\'microsecond\', ' ~ sent_at(relation) ~ ', ' ~ relation ~ '.event_at) > ' ~ _micros_allowed('early_after_seconds'),
        'boolean'
    ) }}
{%- endmacro %}

{% macro _micros_allowed(word) -%}
    {{ return((declared_table('telemetry', 'readings')[word] or 0) * 1000000) }}
{%- endmacro %}


{#
    Why messages are not readings: what the consumer finds (duckhouse/streaming/parse.py), and times that no engine can
    store.
#}
{% macro faults_of_messages() -%}
    {{ return([
        'not_json', 'not_an_object', 'duplicate_field', 'empty_message', 'too_large', 'missing_field', 'wrong_type', 'bad_timestamp',
        'out_of_range', 'unparsable_timestamp',
    ]) }}
{%- endmacro %}


{# The key of a reading: its device and the microseconds since 1970 of its time. #}
{% macro reading_id(relation) -%}
    {{ relation }}.device_id || '@' || {{ cast_to(unix_micros(relation ~ '.event_at'), 'text') }}
{%- endmacro %}
