{{ findings_of_orphans(ref('fct_consent_events'), 'company_id', ref('dim_companies'), or_none=true, texts=['event_type']) }}
