{{ records_by_file(
    ref('stg_reviews__files'),
    ['reviews'],
    [
        (ref('stg_reviews__reviews'), {
            'records_usable': 'count(*) filter (where set_aside_reason is null)',
            'total_votes_landed': 'sum(coalesce(total_votes, 0))',
            'total_votes_usable': 'sum(total_votes) filter (where set_aside_reason is null)',
        }),
        (ref('fct_product_reviews'), {
            'records_current': 'count(*)',
            'total_votes_current': 'sum(coalesce(total_votes, 0))',
        }),
        (ref('fct_product_reviews_set_aside'), {
            'records_set_aside': 'count(*)',
            'total_votes_set_aside': 'sum(coalesce(total_votes, 0))',
        }),
    ],
    {
        'records_replaced': 'records_usable - records_current',
        'total_votes_replaced': 'total_votes_usable - total_votes_current',
    },
) }}
