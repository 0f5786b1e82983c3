{{ change_observations(
    ref('stg_ad_delivery__campaigns'),
    'campaign_id',
    ['campaign_name', 'advertiser_id', 'bid_usd', 'budget_usd', 'start_date', 'end_date', 'created_at', 'updated_at']
) }}
