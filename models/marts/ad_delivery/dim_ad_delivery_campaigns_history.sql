{{ dimension_history(ref('stg_ad_delivery__campaigns'), 'campaign_id', of_changes=true) }}
