with nameless as (
    select * from {{ ref('stg_reviews__reviews') }}
    where
        set_aside_reason is null
        and product_id is null
)

{{ findings_of_records('nameless', key='review_id', expected="'the id of a product'") }}
