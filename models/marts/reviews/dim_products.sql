with members as (
    select product_id from {{ ref('dim_products_history') }}
    union distinct
    select product_id from {{ ref('int_reviews__product_months') }}
    union distinct
    select {{ cast_to("'unknown'", 'text') }} as product_id
),

described as (
    select * from {{ ref('dim_products_history') }}
    where is_current
),

final as (
    select
        {{ cast_to('members.product_id', 'text') }} as product_id,
        {{ cast_to('described.product_id is not null', 'boolean') }} as is_described,
        described.title,
        {{ cast_to("coalesce(described.brand_id, 'unknown')", 'text') }} as brand_id,
        described.brand_name,
        described.price,
        described.sales_rank,
        described.sales_rank_category,
        {{ cast_to("coalesce(described.main_category, 'unknown')", 'text') }} as main_category,
        {{ cast_to("coalesce(" ~ md5_text('described.main_category') ~ ", 'unknown')", 'text') }} as main_category_id,
        described.categories,
        {{ cast_to('described.last_observed_at', 'timestamp_nullable') }} as last_observed_at,
        {{ cast_to('described._delivery_id', 'text_nullable') }} as _delivery_id
    from members
    left join described on members.product_id = described.product_id
)

select * from final
