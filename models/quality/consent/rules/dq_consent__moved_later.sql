with records as (
    {{ redelivered_events(ref('stg_consent__events'), ['event_at', 'timestamp_as_delivered']) | indent(4) }}
),

moved as (
    select
        *,
        date_diff('microsecond', previous_event_at, event_at) as micros_moved
    from records
    where event_at > previous_event_at
)

{{ findings_of_records(
    'moved', observed='timestamp_as_delivered', expected='previous_timestamp_as_delivered', numbers=['micros_moved'],
    texts=['company_id', 'previous_delivery_id']
) }}
