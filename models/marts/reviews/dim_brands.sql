with spellings as (
    select
        brand_id,
        coalesce(brand_name, 'unknown') as spelling,
        count(*) as products
    from {{ ref('dim_products') }}
    group by brand_id, coalesce(brand_name, 'unknown')
),

ranked as (
    select
        brand_id,
        spelling,
        row_number() over (partition by brand_id order by products desc, spelling asc) as place,
        count(*) over (partition by brand_id) as spellings,
        sum(products) over (partition by brand_id) as products_of_brand
    from spellings
),

final as (
    select
        {{ cast_to('brand_id', 'text') }} as brand_id,
        {{ cast_to('spelling', 'text') }} as brand_name,
        {{ cast_to('spellings', 'integer') }} as spellings,
        {{ cast_to('products_of_brand', 'integer') }} as products,
        {{ cast_to("brand_id = 'unknown'", 'boolean') }} as is_unknown
    from ranked
    where place = 1
)

select * from final
