{{ staged_records('parking', 'sessions') }}
