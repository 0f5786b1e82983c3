{{ dimension(ref('dim_campaigns_history')) }}
