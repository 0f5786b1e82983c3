{{ dimension(ref('dim_ad_delivery_advertisers_history')) }}
