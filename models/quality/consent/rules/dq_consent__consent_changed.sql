with records as (
    {{ redelivered_events(ref('stg_consent__events'), ['consent_status']) | indent(4) }}
),

changed as (
    select * from records
    where consent_status is distinct from previous_consent_status
)

{{ findings_of_records(
    'changed', observed='consent_status', expected='previous_consent_status', texts=['event_type', 'company_id', 'previous_delivery_id']
) }}
