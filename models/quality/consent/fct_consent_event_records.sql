{{ what_became_of_records(
    files=ref('stg_consent__files'),
    entity='events',
    staged=ref('stg_consent__events'),
    fact=ref('fct_consent_events'),
    set_aside=ref('fct_consent_events_set_aside'),
) }}
