with rated as (
    {{ ratings_of_all_months(ref('agg_brand_ratings'), ['brand_id']) | indent(4) }}
),

brands as (
    select
        known.brand_id as brand_id,
        known.brand_name as brand_name,
        known.is_unknown as is_unknown,
        -- the member unknown of products is none
        known.products - case when known.is_unknown then 1 else 0 end as products,
        coalesce(rated.reviews, 0) as reviews,
        coalesce(rated.ratings, 0) as ratings,
        coalesce(rated.rating_sum, 0) as rating_sum,
        {%- for stars in range(1, 6) %}
        coalesce(rated.ratings_{{ stars }}, 0) as ratings_{{ stars }},
        {%- endfor %}
        rated.rating_mean as rating_mean,
        rated.rating_mean_shrunken as rating_mean_shrunken,
        rated.rating_mean_shrunken_low as rating_mean_shrunken_low,
        rated.rating_mean_shrunken_high as rating_mean_shrunken_high,
        rated.share_of_low_ratings as share_of_low_ratings,
        coalesce(rated.is_small_sample, true) as is_small_sample,
        case when rated.ratings > 0 and not known.is_unknown then 1 else 0 end as has_place
    from {{ ref('dim_brands') }} as known
    left join rated
        on known.brand_id = rated.brand_id
),

placed as (
    select
        *,
        row_number() over (
            partition by has_place
            order by rating_mean_shrunken desc, brand_id asc
        ) as place_among_all
    from brands
),

final as (
    select
        {{ declared_columns('placed', {
            'place': 'case when placed.has_place = 1 then placed.place_among_all end',
        }) | indent(8) }}
    from placed
)

select * from final
