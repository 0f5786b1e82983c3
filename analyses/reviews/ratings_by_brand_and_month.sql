-- How do customers rate each brand from month to month, and which brands lead?
-- Asked by customer insight. place ranks the brands of a month by rating_mean_shrunken, the mean drawn towards that of all
-- ratings of the month (var rating_prior_weight), so that two reviews of five stars lead no ranking. mean_change is of
-- rating_mean since the month before: NULL where one of the two has no rating. Products count for the brand that they have
-- now; those without one are the brand unknown, which has no place.
-- One row per brand and month with a review. Stars, UTC months.
with months as (
    select
        brand_id,
        brand_name,
        month,
        reviews,
        ratings,
        rating_mean,
        rating_mean_shrunken,
        is_small_sample,
        case when ratings > 0 and brand_id <> 'unknown' then 1 else 0 end as has_place
    from {{ ref('agg_brand_ratings') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by month, has_place
            order by rating_mean_shrunken desc, brand_id asc
        ) as place_among_all
    from months
)

select
    ranked.month as month,
    case when ranked.has_place = 1 then ranked.place_among_all end as place,
    ranked.brand_id as brand_id,
    ranked.brand_name as brand_name,
    ranked.reviews as reviews,
    ranked.ratings as ratings,
    ranked.rating_mean as rating_mean,
    ranked.rating_mean_shrunken as rating_mean_shrunken,
    ranked.rating_mean - previous.rating_mean as mean_change,
    ranked.is_small_sample as is_small_sample
from ranked
left join {{ ref('agg_brand_ratings') }} as previous
    on
        ranked.brand_id = previous.brand_id
        and {{ month_of('ranked.month - 1') }} = previous.month
order by ranked.month asc, ranked.has_place desc, ranked.place_among_all asc
