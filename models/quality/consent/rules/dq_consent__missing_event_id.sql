with nameless as (
    select * from {{ ref('stg_consent__events') }}
    where set_aside_reason = 'missing_event_id'
)

{{ findings_of_records('nameless', key=place_of_record(), expected="'an id'", texts=['company_id']) }}
