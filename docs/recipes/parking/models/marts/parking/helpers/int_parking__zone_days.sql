{{ event_days('fct_parking_sessions', joined={'dim_meters': {'key': 'meter_id'}}) }}
