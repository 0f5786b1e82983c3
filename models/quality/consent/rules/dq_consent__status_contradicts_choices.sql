with contradictions as (
    select
        events.event_id as event_id,
        events.event_date as event_date,
        events.consent_status as consent_status,
        events._delivery_id as _delivery_id,
        events._source_file as _source_file,
        events._source_row as _source_row,
        choices.implied_status,
        choices.purposes_enabled,
        choices.purposes_disabled,
        choices.vendors_enabled,
        choices.vendors_disabled
    from {{ ref('fct_consent_events') }} as events
    inner join {{ ref('int_consent__choice_counts') }} as choices on events.event_id = choices.event_id
    where coalesce(events.consent_status, '') <> choices.implied_status
)

{{ findings_of_records(
    'contradictions', observed='consent_status', expected='implied_status',
    numbers=['purposes_enabled', 'purposes_disabled', 'vendors_enabled', 'vendors_disabled']
) }}
