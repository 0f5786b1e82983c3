{{ records_set_aside(ref('stg_consent__events')) }}
