{%- set reviews = judged(ref('stg_reviews__reviews')) %}
{%- set product = ['product_id'] %}

{{ gathered_findings('records', [
    rule_rejected_record(ref('stg_reviews__rejected')),
    rule_blank_lines(ref('stg_reviews__files')),
    rule_file_unusable(ref('stg_reviews__files'), reviews, 'reviews'),
    rule_missing_event_id(reviews, key='reviewer', texts=product),
    rule_unreadable_time(reviews, key=place_of_record(), texts=product),
    rule_time_after_delivery(reviews, key='review_id', texts=product),
    rule_text_respelled(reviews, key='review_id', texts=product),
    rule_duplicate_in_file(reviews, key='review_id'),
    rule_event_in_two_files(reviews, key='review_id'),
    rule_empty_column(reviews, [
        'reviewer_key', 'product_id', 'rating_as_delivered', 'helpful_as_delivered', 'reviewer_name', 'summary', 'review_text',
        'timestamp_as_delivered', 'review_day_as_delivered',
    ]),
    rule_unmapped_columns({'reviews': reviews, 'products': ref('stg_reviews__products')}),
    rule_dimension_key_repeated({'products': (ref('stg_reviews__products'), 'product_id')}),
    rule_unreadable_value({'products': (ref('stg_reviews__products'), 'product_id', {'price': 'price_as_delivered'})}),
]) }}
