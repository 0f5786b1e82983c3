{{ staged_records('consent', 'companies') }}
