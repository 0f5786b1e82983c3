{{ touches_of_deliveries(ref('stg_ad_serving__events')) }}
