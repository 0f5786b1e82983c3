{{ figures_by_delivery(
    ref('int_ad_serving__record_ledger'),
    ref('int_ad_serving__publications'),
    by='publisher_id',
    effects=delivery_effects(['changed', 'set_to_null', 'reappeared']),
    figures=measure_figures(),
) }}
