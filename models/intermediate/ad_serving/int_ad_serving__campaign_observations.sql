{{ observations_of(ref('stg_ad_serving__campaigns'), 'campaign_id') }}
