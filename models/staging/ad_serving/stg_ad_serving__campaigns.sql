{{ staged_records('ad_serving', 'campaigns') }}
