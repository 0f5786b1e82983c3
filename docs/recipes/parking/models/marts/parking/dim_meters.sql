{{ dimension(ref('dim_meters_history')) }}
