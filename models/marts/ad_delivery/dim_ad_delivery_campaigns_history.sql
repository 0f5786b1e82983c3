with versions as (
    {{ versions_until_deleted(
        ref('int_ad_delivery__campaign_observations'),
        'campaign_id',
        ['campaign_name', 'advertiser_id', 'bid_usd', 'budget_usd', 'start_date', 'end_date', 'created_at']
    ) | indent(4) }}
),

final as (
    select
        {{ cast_to('version_id', 'text') }} as campaign_version_id,
        campaign_id,
        campaign_name,
        advertiser_id,
        bid_usd,
        budget_usd,
        start_date,
        end_date,
        created_at,
        updated_at,
        {{ version_columns() }}
    from versions
)

select * from final
