with unreadable as (
    select * from {{ ref('stg_consent__events') }}
    where set_aside_reason = 'unparsable_timestamp'
)

{{ findings_of_records(
    'unreadable', observed='timestamp_as_delivered', expected="'ISO 8601, or seconds since 1970'", texts=['company_id']
) }}
