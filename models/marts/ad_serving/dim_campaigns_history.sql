with versions as (
    {{ versions_of(
        ref('snap_ad_serving__campaigns'),
        'campaign_id',
        [
            'campaign_name', 'advertiser_id', 'advertiser_name', 'status', 'start_date', 'end_date', 'budget_usd',
            'device_targeting', 'country_targeting', 'created_at',
        ]
    ) | indent(4) }}
),

final as (
    select
        {{ cast_to('version_id', 'text') }} as campaign_version_id,
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
        {{ version_columns() }}
    from versions
)

select * from final
