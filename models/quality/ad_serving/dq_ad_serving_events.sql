{{ gathered_findings('events', [
    rule_event_in_two_files(ref('stg_ad_serving__events')),
    rule_late_events(ref('stg_ad_serving__events'), ref('fct_ad_events'), impact='revenue_usd'),
    rule_dimension_changed({
        'publishers': (ref('dim_publishers_history'), 'publisher_id'),
        'campaigns': (ref('dim_campaigns_history'), 'campaign_id'),
        'ad_units': (ref('dim_ad_units_history'), 'ad_unit_id'),
    }),
]) }}
