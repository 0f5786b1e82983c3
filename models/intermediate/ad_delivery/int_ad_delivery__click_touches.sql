{{ touches_of_deliveries(ref('stg_ad_delivery__clicks'), 'click_id', condition='true') }}
