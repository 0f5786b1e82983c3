-- How do customers rate each category from month to month, and how many are disappointed?
-- Asked by customer insight. Each product counts for one category, the first of its first path; products without any are
-- the category unknown. share_of_low_ratings is the part with one or two stars. mean_change is of rating_mean since the month
-- before: NULL where one of the two has no rating.
-- One row per main category and month with a review. Stars, shares of ratings, UTC months.
with months as (
    select
        category_id,
        category_name,
        month,
        reviews,
        ratings,
        ratings_1 + ratings_2 as low_ratings,
        sum(ratings) over (partition by month) as ratings_of_month,
        rating_mean,
        rating_mean_shrunken,
        is_small_sample
    from {{ ref('agg_category_ratings') }}
)

select
    months.month as month,
    months.category_id as category_id,
    months.category_name as category_name,
    months.reviews as reviews,
    months.ratings as ratings,
    {{ ratio('months.ratings', 'months.ratings_of_month') }} as share_of_ratings,
    months.rating_mean as rating_mean,
    months.rating_mean_shrunken as rating_mean_shrunken,
    {{ ratio('months.low_ratings', 'months.ratings') }} as share_of_low_ratings,
    months.rating_mean - previous.rating_mean as mean_change,
    months.is_small_sample as is_small_sample
from months
left join {{ ref('agg_category_ratings') }} as previous
    on
        months.category_id = previous.category_id
        and {{ month_of('months.month - 1') }} = previous.month
order by months.month, months.category_name, months.category_id
