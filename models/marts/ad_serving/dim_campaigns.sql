with versions as (
    select * from {{ ref('dim_campaigns_history') }}
    where is_current
),

final as (
    select
        campaign_id,
        campaign_name,
        advertiser_id,
        advertiser_name,
        status,
        start_date,
        end_date,
        budget_usd,
        device_targeting,
        country_targeting,
        created_at,
        last_observed_at,
        _delivery_id
    from versions
)

select * from final
