with last_versions as (
    select * from {{ ref('dim_ad_delivery_campaigns_history') }}
    qualify row_number() over (partition by campaign_id order by version_number desc) = 1
),

final as (
    select
        campaign_id,
        campaign_name,
        advertiser_id,
        bid_usd,
        budget_usd,
        start_date,
        end_date,
        created_at,
        updated_at,
        {{ cast_to('not is_current', 'boolean') }} as is_deleted,
        valid_to as deleted_at,
        last_observed_at,
        _delivery_id
    from last_versions
)

select * from final
