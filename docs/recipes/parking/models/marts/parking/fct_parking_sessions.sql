{{ latest_records('parking', 'sessions', touches='int_parking__session_touches') }}
