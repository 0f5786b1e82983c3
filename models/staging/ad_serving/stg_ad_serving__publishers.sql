{{ staged_records('ad_serving', 'publishers') }}
