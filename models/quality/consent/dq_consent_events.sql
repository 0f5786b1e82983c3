{{ gathered_findings('events', [
    rule_event_in_two_files(ref('stg_consent__events')),
    rule_late_events(ref('stg_consent__events'), ref('fct_consent_events'), by='company_id'),
    rule_dimension_changed({'companies': (ref('dim_companies_history'), 'company_id')}),
]) }}
