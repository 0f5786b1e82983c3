with undescribed as (
    select product_id from {{ ref('dim_products') }}
    where
        not is_described
        and product_id <> 'unknown'
),

orphans as (
    select * from {{ ref('fct_product_reviews') }}
    where product_id in (select undescribed.product_id from undescribed)
)

{{ findings_of_records(
    'orphans', key='review_id', observed='product_id', expected="'one that a delivery describes'", texts=['product_id']
) }}
