{{ records_set_aside(ref('stg_ad_serving__events')) }}
