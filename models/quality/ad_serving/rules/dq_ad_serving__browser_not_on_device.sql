{{ findings_of_pairs(ref('fct_ad_events'), 'device_type', 'browser') }}
