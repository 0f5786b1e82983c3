{{ findings_of_pairs(ref('fct_consent_events'), 'country_code', 'region') }}
