with months as (
    select
        products.brand_id as brand_id,
        sums.event_date as month,
        {{ rating_sums('sums') }}
    from {{ ref('int_reviews__product_months') }} as sums
    inner join {{ ref('dim_products') }} as products on sums.product_id = products.product_id
    group by products.brand_id, sums.event_date
),

final as (
    select
        months.brand_id,
        brands.brand_name,
        months.month,
        {{ rating_columns('months') }}
    from months
    inner join {{ ref('dim_brands') }} as brands on months.brand_id = brands.brand_id
)

select * from final
