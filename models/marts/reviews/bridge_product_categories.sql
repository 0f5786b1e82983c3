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
        main_category_id as category_id,
        1 as path_number,
        1 as level,
        1 as ends_path
    from {{ ref('dim_products') }}
    where main_category_id = 'unknown'
),

final as (
    select
        {{ cast_to('members.product_id', 'text') }} as product_id,
        {{ cast_to('members.category_id', 'text') }} as category_id,
        {{ cast_to('members.path_number', 'integer') }} as path_number,
        {{ cast_to('members.level', 'integer') }} as level,
        {{ cast_to('members.ends_path = 1', 'boolean') }} as ends_path,
        {{ cast_to('members.category_id = products.main_category_id', 'boolean') }} as is_main
    from members
    inner join {{ ref('dim_products') }} as products on members.product_id = products.product_id
)

select * from final
