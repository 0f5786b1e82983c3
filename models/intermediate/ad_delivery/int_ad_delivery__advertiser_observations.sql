{{ change_observations(
    ref('stg_ad_delivery__advertisers'),
    'advertiser_id',
    ['advertiser_name', 'created_at', 'updated_at']
) }}
