with nowhere as (
    select * from {{ ref('stg_consent__events') }}
    where
        set_aside_reason is null
        and country_code is null
)

{{ findings_of_records('nowhere', observed='country_as_delivered', expected="'a code of ISO 3166-1'", texts=['company_id']) }}
