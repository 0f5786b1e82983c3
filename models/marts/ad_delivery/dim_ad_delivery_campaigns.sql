{{ dimension(ref('dim_ad_delivery_campaigns_history')) }}
