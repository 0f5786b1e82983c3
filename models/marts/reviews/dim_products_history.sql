{{ dimension_history(ref('snap_reviews__products'), 'product_id') }}
