{{ findings_of_orphans(ref('fct_ad_events'), 'publisher_id', ref('dim_publishers'), impact='revenue_usd') }}
