with campaigns as (
    select * from {{ ref('int_ad_serving__campaigns') }}
),

final as (
    select
        {{ cast_to('campaign_id', 'text') }} as campaign_id,
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
        _delivery_id
    from campaigns
)

select * from final
