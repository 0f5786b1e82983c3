{{ findings_of_orphans(
    ref('fct_ad_delivery_events'), 'campaign_id', ref('dim_ad_delivery_campaigns'), or_none=true, texts=['event_type']
) }}
