{{ findings_of_orphans(ref('fct_ad_events'), 'campaign_id', ref('dim_campaigns'), impact='revenue_usd') }}
