{{ dimension_history(ref('snap_ad_serving__campaigns'), 'campaign_id') }}
