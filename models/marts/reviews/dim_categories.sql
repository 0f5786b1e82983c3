with categories as (
    select
        category_id,
        min(parent_id) as parent_id,
        min(category_name) as category_name,
        min(category_path) as category_path,
        min(level) as level,
        count(distinct product_id) as products
    from {{ ref('int_reviews__category_paths') }}
    group by category_id
),

parents as (
    select distinct parent_id from categories
    where parent_id is not null
),

final as (
    select
        {{ cast_to('categories.category_id', 'text') }} as category_id,
        {{ cast_to('categories.parent_id', 'text_nullable') }} as parent_id,
        {{ cast_to('categories.category_name', 'text') }} as category_name,
        {{ cast_to('categories.category_path', 'text') }} as category_path,
        {{ cast_to('categories.level', 'integer') }} as level,
        {{ cast_to('parents.parent_id is null', 'boolean') }} as is_leaf,
        {{ cast_to('categories.products', 'integer') }} as products
    from categories
    left join parents on categories.category_id = parents.parent_id
    union all
    select
        {{ cast_to("'unknown'", 'text') }} as category_id,
        {{ cast_to('null', 'text_nullable') }} as parent_id,
        {{ cast_to("'unknown'", 'text') }} as category_name,
        {{ cast_to("'unknown'", 'text') }} as category_path,
        {{ cast_to('1', 'integer') }} as level,
        {{ cast_to('true', 'boolean') }} as is_leaf,
        {{ cast_to('count(*)', 'integer') }} as products
    from {{ ref('dim_products') }}
    where main_category_id = 'unknown'
)

select * from final
