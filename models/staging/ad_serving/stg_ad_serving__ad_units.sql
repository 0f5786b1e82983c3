{{ staged_records('ad_serving', 'ad_units') }}
