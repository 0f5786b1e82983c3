with rated as (
    {{ ratings_of_all_months(ref('agg_brand_ratings'), ['brand_id', 'brand_name']) | indent(4) }}
),

ranked as (
    select
        rated.*,
        brands.products as products,
        brands.is_unknown as is_unknown,
        case when rated.ratings > 0 and not brands.is_unknown then 1 else 0 end as has_place
    from rated
    inner join {{ ref('dim_brands') }} as brands
        on rated.brand_id = brands.brand_id
),

placed as (
    select
        *,
        row_number() over (
            partition by has_place
            order by rating_mean_shrunken desc, brand_id asc
        ) as place_among_all
    from ranked
),

final as (
    select
        {{ declared_columns('placed', {
            'place': 'case when placed.has_place = 1 then placed.place_among_all end',
        }) | indent(8) }}
    from placed
)

select * from final
