with months as (
    select
        products.main_category_id as category_id,
        products.main_category as category_name,
        sums.event_date as month,
        {{ rating_sums('sums') }}
    from {{ ref('int_reviews__product_months') }} as sums
    inner join {{ ref('dim_products') }} as products on sums.product_id = products.product_id
    group by products.main_category_id, products.main_category, sums.event_date
),

final as (
    select
        months.category_id,
        months.category_name,
        months.month,
        {{ rating_columns('months') }}
    from months
)

select * from final
