{{ dimension_history(ref('stg_ad_delivery__advertisers'), 'advertiser_id', of_changes=true) }}
