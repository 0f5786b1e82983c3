{{ gathered_findings('events', [
    rule_late_events(ref('stg_reviews__reviews'), ref('fct_product_reviews')),
    rule_dimension_changed({'products': (ref('dim_products_history'), 'product_id')}),
]) }}
