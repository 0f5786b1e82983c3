with ranked as (
    select *
    from {{ ref('fct_product_reviews') }}
    where helpful_share is not null
    order by helpful_share_low desc, total_votes desc, review_id asc
    limit {{ var('most_helpful') }}
),

placed as (
    select
        *,
        row_number() over (order by helpful_share_low desc, total_votes desc, review_id asc) as place
    from ranked
),

final as (
    select
        {{ declared_columns('placed', {'title': 'products.title'}) | indent(8) }}
    from placed
    inner join {{ ref('dim_products') }} as products
        on placed.product_id = products.product_id
)

select * from final
