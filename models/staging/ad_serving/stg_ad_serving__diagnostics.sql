{{ staged_records('ad_serving', 'diagnostics') }}
