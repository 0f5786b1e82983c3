with ahead as (
    select * from {{ ref('stg_consent__events') }}
    where
        set_aside_reason is null
        and event_at > _delivered_at
)

{{ findings_of_records(
    'ahead', observed='timestamp_as_delivered', expected="'a time before the delivery'", texts=['company_id']
) }}
