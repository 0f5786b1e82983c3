{%- set days = incremental_by_day(touches='int_telemetry__reading_touches', order_by=['device_id', 'event_at']) %}
{%- set messages = ref('stg_telemetry__readings') %}
{%- set read = messages_of_days(ref('int_telemetry__reading_touches'), days) %}
{%- set read_columns = [
    'device_id', 'event_at', 'event_date', 'temperature', 'humidity', 'pressure', 'firmware_version', '_produced_at', '_consumed_at',
    '_delivered_at', '_delivery_id', '_source_file', '_source_row',
] | join(',\n        ') %}

{# most readings have one message, which needs no sorting: windows are costly #}
with first_messages as (
    select
        {{ read_columns }},
        _delivery_id as first_delivery_id,
        1 as record_count
    from {{ messages }}
    where
        {{ read }}
        and (device_id, event_at) not in ({{ readings_of_several_messages(messages, read) | indent(8) }})
    union all
    select
        {{ read_columns }},
        first_delivery_id,
        record_count
    from (
        {{ ranked_repeats(messages, read) | indent(8) }}
    ) as ranked
    where place = 1
),

final as (
    select
        {{ declared_columns('first_messages', {
            'reading_id': reading_id('first_messages'),
            'is_late': is_late('first_messages'),
            'is_early': is_early('first_messages'),
            '_day_version': 'event_days._day_version',
        }) | indent(8) }}
    from first_messages
    inner join {{ days_of(touches='int_telemetry__reading_touches') }} as event_days
        on first_messages.event_date = event_days.event_date
)

select * from final
