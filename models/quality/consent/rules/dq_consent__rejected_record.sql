with rejected as (
    select
        *,
        entity as entity_of_file
    from {{ ref('stg_consent__rejected') }}
)

{{ findings_of_records(
    'rejected', key=place_of_record(), day='null', observed='reason', expected="'a record of the contract'",
    texts=['entity_of_file']
) }}
