{{ staged_records('ad_delivery', 'campaign') }}
