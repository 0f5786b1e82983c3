with last_versions as (
    select * from {{ ref('dim_ad_delivery_advertisers_history') }}
    qualify row_number() over (partition by advertiser_id order by version_number desc) = 1
),

final as (
    select
        advertiser_id,
        advertiser_name,
        created_at,
        updated_at,
        {{ cast_to('not is_current', 'boolean') }} as is_deleted,
        valid_to as deleted_at,
        last_observed_at,
        _delivery_id
    from last_versions
)

select * from final
