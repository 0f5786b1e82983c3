{{ findings_of_pairs(ref('fct_consent_events'), 'device_type', 'browser_family') }}
