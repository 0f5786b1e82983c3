with versions as (
    select * from {{ ref('dim_ad_units_history') }}
    where is_current
),

final as (
    select
        ad_unit_id,
        publisher_id,
        ad_unit_name,
        ad_format,
        ad_size,
        placement_type,
        is_active,
        created_at,
        last_observed_at,
        _delivery_id
    from versions
)

select * from final
