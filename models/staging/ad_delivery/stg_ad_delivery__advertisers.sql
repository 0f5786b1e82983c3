{{ staged_records('ad_delivery', 'advertiser') }}
