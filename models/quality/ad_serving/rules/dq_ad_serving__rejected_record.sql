with rejected as (
    select
        *,
        entity as file_entity
    from {{ ref('stg_ad_serving__rejected') }}
)

{{ findings_of_records(
    'rejected', key=place_of_record(), day=none, observed='reason', expected="'a record'", texts=['file_entity']
) }}
