with names as (
    select
        products.brand_id as brand_id,
        products.brand_name as brand_name,
        count(*) as products_of_name,
        min(products._delivery_id) as first_of_name,
        max(products._delivery_id) as last_of_name
    from {{ ref('dim_products') }} as products
    inner join {{ ref('dim_brands') }} as brands on products.brand_id = brands.brand_id
    where
        brands.spellings > 1
        and not brands.is_unknown
    group by products.brand_id, products.brand_name
),

brands as (
    select
        brand_id,
        count(*) as spelling_count,
        sum(products_of_name) as products,
        {{ ordered_text_agg('brand_name') }} as spellings,
        min(first_of_name) as first_of_brand,
        max(last_of_name) as last_of_brand
    from names
    group by brand_id
)

{{ findings(
    'brands', key='brand_id', observed=cast_to('spelling_count', 'text') ~ " || ' spellings'", expected="'1 spelling'",
    records='products', texts=['spellings'], first='first_of_brand', last='last_of_brand'
) }}
