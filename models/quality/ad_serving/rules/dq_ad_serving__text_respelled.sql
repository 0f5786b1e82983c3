with respellings as (
    select * from {{ ref('stg_ad_serving__events') }}
    where
        event_id is not null
        and respelled is not null
)

{{ findings_of_records('respellings', observed='respelled', expected="'the same spelling in each record'") }}
