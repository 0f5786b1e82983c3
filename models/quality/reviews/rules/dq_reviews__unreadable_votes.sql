with unreadable as (
    select * from {{ ref('stg_reviews__reviews') }}
    where
        set_aside_reason is null
        and helpful_as_delivered is not null
        and total_votes is null
)

{{ findings_of_records(
    'unreadable', key='review_id', observed='helpful_as_delivered', expected="'helpful votes and all votes, as [1, 2]'",
    texts=['product_id']
) }}
