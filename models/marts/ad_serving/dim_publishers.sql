{{ dimension(ref('dim_publishers_history')) }}
