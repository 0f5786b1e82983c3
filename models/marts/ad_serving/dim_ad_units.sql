{{ dimension(ref('dim_ad_units_history')) }}
