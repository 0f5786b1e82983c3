{%- set days = incremental_by_day(touches='int_telemetry__reading_touches', order_by=['device_id', 'event_at']) %}
{%- set read = messages_of_days(ref('int_telemetry__reading_touches'), days) %}

with messages as (
    {{ ranked_repeats(ref('stg_telemetry__readings'), read) | indent(4) }}
),

final as (
    select
        {{ declared_columns('messages', {
            'reading_id': reading_id('messages'),
            'is_conflict': 'messages.said <> messages.first_said',
            'is_late': is_late('messages'),
            'is_early': is_early('messages'),
            '_day_version': 'event_days._day_version',
        }) | indent(8) }}
    from messages
    inner join {{ days_of(touches='int_telemetry__reading_touches') }} as event_days
        on messages.event_date = event_days.event_date
    where messages.place > 1
)

select * from final
