with impossible as (
    select * from {{ ref('stg_ad_serving__events') }}
    where
        set_aside_reason is null
        and (placement_quality_score < 0 or placement_quality_score > 1)
)

{{ findings_of_records(
    'impossible', observed=number_text('placement_quality_score'), expected="'0 to 1'", texts=['ad_unit_id', 'publisher_id']
) }}
