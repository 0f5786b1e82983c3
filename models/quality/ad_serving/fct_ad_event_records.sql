{{ records_by_file(
    ref('stg_ad_serving__files'),
    ['events'],
    [
        (ref('int_ad_serving__record_ledger'), {
            'records_current': 'sum(records_current)',
            'revenue_usd_current': 'sum(revenue_usd_current)',
            'records_replaced_in_delivery': 'sum(records_replaced_in_delivery)',
            'revenue_usd_replaced_in_delivery': 'sum(revenue_usd_replaced_in_delivery)',
            'records_replaced_by_delivery': 'sum(records_replaced_by_delivery)',
            'revenue_usd_replaced_by_delivery': 'sum(revenue_usd_replaced_by_delivery)',
            'revenue_usd_still_counting': 'sum(revenue_usd_still_counting)',
        }),
        (ref('fct_ad_events_set_aside'), {
            'records_set_aside': 'count(*)',
            'revenue_usd_set_aside': 'sum(coalesce(revenue_usd, 0))',
        }),
    ],
) }}
