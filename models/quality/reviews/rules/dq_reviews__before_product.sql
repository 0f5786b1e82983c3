with described as (
    select
        product_id,
        min(_delivery_id) as described_by
    from {{ ref('dim_products_history') }}
    group by product_id
),

before as (
    select
        reviews.product_id as product_id,
        described.described_by as described_by,
        count(*) as reviews_before,
        min(reviews.first_delivery_id) as first_of_product,
        max(reviews.first_delivery_id) as last_before
    from {{ ref('fct_product_reviews') }} as reviews
    inner join described on reviews.product_id = described.product_id
    where reviews.first_delivery_id < described.described_by
    group by reviews.product_id, described.described_by
)

{{ findings(
    'before', key='product_id', observed=cast_to('reviews_before', 'text') ~ " || ' reviews'",
    expected="'none before the product is described'", records='reviews_before', texts=['described_by', 'product_id'],
    first='first_of_product', last='last_before'
) }}
