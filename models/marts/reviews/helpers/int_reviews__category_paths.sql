with paths as (
    select
        product_id,
        {{ json_paths('categories') }} as paths
    from {{ ref('dim_products') }}
    where categories is not null
),

numbered as (
    select
        product_id,
        paths,
        {{ unnested('range(1, length(paths) + 1)') }} as path_number
    from paths
),

levels as (
    select
        product_id,
        path_number,
        paths[path_number] as path,
        {{ unnested('range(1, length(paths[path_number]) + 1)') }} as level
    from numbered
),

final as (
    select
        product_id,
        {{ cast_to('path_number', 'integer') }} as path_number,
        {{ cast_to('level', 'integer') }} as level,
        {{ md5_text(joined_texts(first_items('path', 'level'), '\x1f')) }} as category_id,
        case when level > 1 then {{ md5_text(joined_texts(first_items('path', 'level - 1'), '\x1f')) }} end as parent_id,
        path[level] as category_name,
        {{ joined_texts(first_items('path', 'level'), ' > ') }} as category_path,
        level = length(path) as ends_path
    from levels
)

select * from final
