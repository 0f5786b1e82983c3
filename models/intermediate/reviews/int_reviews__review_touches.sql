{{ touches_of_deliveries(ref('stg_reviews__reviews'), 'review_id') }}
