{{ records_set_aside(ref('stg_reviews__reviews')) }}
