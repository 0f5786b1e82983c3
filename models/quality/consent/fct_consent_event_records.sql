{{ records_by_file(
    ref('stg_consent__files'),
    ['events'],
    [
        (ref('int_consent__record_ledger'), {
            'records_current': 'sum(records_current)',
            'records_replaced_in_delivery': 'sum(records_replaced_in_delivery)',
            'records_replaced_by_delivery': 'sum(records_replaced_by_delivery)',
        }),
        (ref('fct_consent_events_set_aside'), {'records_set_aside': 'count(*)'}),
    ],
) }}
