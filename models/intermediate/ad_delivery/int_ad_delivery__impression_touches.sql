{{ touches_of_deliveries(ref('stg_ad_delivery__impressions'), 'impression_id', condition='true') }}
