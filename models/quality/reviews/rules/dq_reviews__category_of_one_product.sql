with categories as (
    select
        *,
        coalesce(parent_id, '') as parent
    from {{ ref('dim_categories') }}
    where category_id <> 'unknown'
),

alone as (
    select * from categories
    where
        is_leaf
        and products = 1
),

peers as (
    select
        alone.category_id as category_id,
        siblings.products as products
    from alone
    inner join categories as siblings on alone.parent = siblings.parent
    where alone.category_id <> siblings.category_id
    union all
    select
        alone.category_id as category_id,
        parents.products - 1 as products
    from alone
    inner join categories as parents on alone.parent = parents.category_id
),

usual as (
    select
        category_id,
        {{ median('products') }} as usual_products
    from peers
    group by category_id
),

thin as (
    select
        alone.category_path as category_path,
        usual.usual_products as usual_products,
        members.product_id as product_id,
        products._delivery_id as _delivery_id
    from alone
    inner join usual on alone.category_id = usual.category_id
    inner join {{ ref('bridge_product_categories') }} as members on alone.category_id = members.category_id
    inner join {{ ref('dim_products') }} as products on members.product_id = products.product_id
    where usual.usual_products >= {{ var('dq_least_products') }}
)

{{ findings(
    'thin', key='category_path', observed="'1 product'", expected="'about ' || " ~ number_text('usual_products'),
    texts=['product_id']
) }}
