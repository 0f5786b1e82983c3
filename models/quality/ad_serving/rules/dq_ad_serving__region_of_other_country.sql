{{ findings_of_pairs(ref('fct_ad_events'), 'country_code', 'region') }}
