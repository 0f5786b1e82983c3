with respellings as (
    select * from {{ ref('stg_consent__events') }}
    where
        set_aside_reason is null
        and respelled is not null
)

{{ findings_of_records('respellings', observed='respelled', expected="'as the contract spells it'", texts=['company_id']) }}
