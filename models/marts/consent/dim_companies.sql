{{ dimension(ref('dim_companies_history')) }}
