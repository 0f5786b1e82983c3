with memberships as (
    select
        product_id,
        category_id,
        min(path_number) as path_number,
        min(level) as level,
        max(case when ends_path then 1 else 0 end) as ends_path
    from {{ ref('int_reviews__category_paths') }}
    group by product_id, category_id
),

members as (
    select * from memberships
    union all
    select
        product_id,
        'unknown' as category_id,
        1 as path_number,
        1 as level,
        1 as ends_path
    from {{ ref('dim_products') }}
    where product_id not in (select known.product_id from memberships as known)
),

final as (
    select
        {{ cast_to('product_id', 'text') }} as product_id,
        {{ cast_to('category_id', 'text') }} as category_id,
        {{ cast_to('path_number', 'integer') }} as path_number,
        {{ cast_to('level', 'integer') }} as level,
        {{ cast_to('ends_path = 1', 'boolean') }} as ends_path,
        {{ cast_to('path_number = 1 and level = 1', 'boolean') }} as is_main
    from members
)

select * from final
