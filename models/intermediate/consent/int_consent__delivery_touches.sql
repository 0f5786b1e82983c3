{{ touches_of_deliveries(ref('stg_consent__events')) }}
