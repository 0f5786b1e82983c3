-- Whose customers are less content than before?
-- Asked by customer insight. The 90 UTC days (or --vars '{window_days: 30}') up to the latest day with a review, or
-- --vars '{report_day: 2014-06-30}', against as many before. change_low to change_high is the interval of 95 percent of
-- mean_change (var confidence_z; Welch, the two windows have variances of their own). is_beyond_chance: all of it is
-- below 0; of 1,000 products that never changed some 25 are so by chance. Days after the latest delivery do not count.
-- One row per product with 10 ratings (or --vars '{least_ratings: 30}') in each window and a lower mean, the surest first.
-- Stars.
{%- set window = var('window_days', 90) %}
with last_delivery as (
    select {{ cast_to('max(_delivered_at)', 'date') }} as delivery_day
    from {{ ref('fct_product_review_records') }}
),

latest_day as (
    select
        coalesce(
            {{ cast_to("nullif('" ~ var('report_day', '') ~ "', '')", 'date_nullable') }}, max(reviews.event_date)
        ) as report_day
    from {{ ref('fct_product_reviews') }} as reviews
    cross join last_delivery
    where reviews.event_date <= last_delivery.delivery_day
),

ratings as (
    select
        reviews.product_id as product_id,
        reviews.rating as rating,
        date_diff('day', reviews.event_date, latest_day.report_day) as days_ago
    from {{ ref('fct_product_reviews') }} as reviews
    cross join latest_day
    where
        reviews.rating is not null
        and reviews.product_id <> 'unknown'
        and date_diff('day', reviews.event_date, latest_day.report_day) between 0 and 2 * {{ window }} - 1
),

sums as (
    select
        product_id,
        count(*) filter (where days_ago < {{ window }}) as n_now,
        {{ sum_where('rating', 'days_ago < ' ~ window, 'integer') }} as sum_now,
        {{ sum_where('rating * rating', 'days_ago < ' ~ window, 'integer') }} as squares_now,
        count(*) filter (where days_ago >= {{ window }}) as n_before,
        {{ sum_where('rating', 'days_ago >= ' ~ window, 'integer') }} as sum_before,
        {{ sum_where('rating * rating', 'days_ago >= ' ~ window, 'integer') }} as squares_before
    from ratings
    group by product_id
),

changes as (
    select
        product_id,
        n_before,
        n_now,
        {{ ratio('sum_before', 'n_before') }} as mean_before,
        {{ ratio('sum_now', 'n_now') }} as mean_now,
        {{ ratio('sum_now', 'n_now') }} - {{ ratio('sum_before', 'n_before') }} as difference,
        {{ to_double("'" ~ var('confidence_z') ~ "'") }} * sqrt(
            {{ ratio(ratio('n_before * squares_before - sum_before * sum_before', 'n_before'), 'n_before * (n_before - 1)') }}
            + {{ ratio(ratio('n_now * squares_now - sum_now * sum_now', 'n_now'), 'n_now * (n_now - 1)') }}
        ) as reach
    from sums
    where
        n_before >= {{ var('least_ratings', 10) }}
        and n_now >= {{ var('least_ratings', 10) }}
)

select
    changes.product_id as product_id,
    products.title as title,
    products.brand_name as brand_name,
    changes.n_before as ratings_before,
    changes.n_now as ratings_now,
    changes.mean_before as rating_mean_before,
    changes.mean_now as rating_mean_now,
    changes.difference as mean_change,
    changes.difference - changes.reach as change_low,
    changes.difference + changes.reach as change_high,
    {{ cast_to('changes.difference + changes.reach < 0', 'boolean') }} as is_beyond_chance
from changes
left join {{ ref('dim_products') }} as products
    on changes.product_id = products.product_id
where changes.difference < 0
order by changes.difference + changes.reach, changes.product_id
