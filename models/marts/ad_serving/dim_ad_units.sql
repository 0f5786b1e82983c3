with ad_units as (
    select * from {{ ref('int_ad_serving__ad_units') }}
),

final as (
    select
        {{ cast_to('ad_unit_id', 'text') }} as ad_unit_id,
        publisher_id,
        ad_unit_name,
        ad_format,
        ad_size,
        placement_type,
        is_active,
        created_at,
        _delivery_id
    from ad_units
)

select * from final
