{{ staged_records('parking', 'meters') }}
