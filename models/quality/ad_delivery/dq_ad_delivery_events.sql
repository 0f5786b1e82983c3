{{ gathered_findings('events', [
    rule_late_events(ref('int_ad_delivery__records'), ref('fct_ad_delivery_events')),
    rule_dimension_changed({
        'advertisers': (ref('dim_ad_delivery_advertisers_history'), 'advertiser_id'),
        'campaigns': (ref('dim_ad_delivery_campaigns_history'), 'campaign_id'),
    }),
]) }}
