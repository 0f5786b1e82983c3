with unrated as (
    select * from {{ ref('stg_reviews__reviews') }}
    where
        set_aside_reason is null
        and (rating is null or rating not in (1, 2, 3, 4, 5))
)

{{ findings_of_records(
    'unrated', key='review_id', observed='rating_as_delivered', expected="'a whole number from 1 to 5'", texts=['product_id']
) }}
