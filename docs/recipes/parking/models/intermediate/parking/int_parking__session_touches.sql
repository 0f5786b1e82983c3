{{ touches_of_deliveries(ref('stg_parking__sessions'), 'session_id') }}
