{{ latest_by(ref('stg_ad_serving__campaigns'), 'campaign_id') }}
