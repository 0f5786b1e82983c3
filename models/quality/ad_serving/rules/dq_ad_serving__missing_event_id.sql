with nameless as (
    select * from {{ ref('stg_ad_serving__events') }}
    where set_aside_reason = 'missing_event_id'
)

{{ findings_of_records(
    'nameless', key=place_of_record(), expected="'an event_id'", impact='revenue_usd', texts=['event_type', 'publisher_id']
) }}
