{{ findings_of_orphans(ref('fct_ad_events'), 'ad_unit_id', ref('dim_ad_units'), impact='revenue_usd') }}
