with too_helpful as (
    select * from {{ ref('stg_reviews__reviews') }}
    where
        set_aside_reason is null
        and helpful_votes > total_votes
)

{{ findings_of_records(
    'too_helpful', key='review_id', observed='helpful_as_delivered',
    expected="'at most ' || " ~ cast_to('total_votes', 'text_nullable') ~ " || ' helpful'",
    numbers=['helpful_votes', 'total_votes'], texts=['product_id']
) }}
