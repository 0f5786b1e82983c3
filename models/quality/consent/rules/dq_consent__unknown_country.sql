with unknown as (
    select * from {{ ref('stg_consent__events') }}
    where
        set_aside_reason is null
        and country_code is not null
        and country_code not in (select countries.country_code from {{ ref('countries') }} as countries)
)

{{ findings_of_records('unknown', observed='country_as_delivered', expected="'a code of ISO 3166-1'", texts=['company_id']) }}
