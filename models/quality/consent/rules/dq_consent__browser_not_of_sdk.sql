{{ findings_of_pairs(ref('fct_consent_events'), 'sdk_type', 'browser_family') }}
