with anonymous as (
    select * from {{ ref('stg_consent__events') }}
    where
        set_aside_reason is null
        and user_key is null
)

{{ findings_of_records('anonymous', expected="'the id of a user'", texts=['company_id']) }}
