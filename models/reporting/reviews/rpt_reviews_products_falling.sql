{%- set window, least_ratings = var('falling_days'), var('falling_ratings') %}
{%- set is_now = '(ratings.days_ago < ' ~ window ~ ')' %}

with last_delivery as (
    select {{ cast_to('max(_delivered_at)', 'date') }} as delivery_day
    from {{ ref('fct_product_review_records') }}
),

latest_day as (
    select max(reviews.event_date) as report_day
    from {{ ref('fct_product_reviews') }} as reviews
    cross join last_delivery
    where reviews.event_date <= last_delivery.delivery_day
),

ratings as (
    select
        reviews.product_id as product_id,
        reviews.rating as rating,
        latest_day.report_day as report_day,
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
        ratings.product_id as product_id,
        max(ratings.report_day) as report_day,
        count(*) filter (where {{ is_now }}) as ratings_now,
        {{ sum_where('ratings.rating', is_now, 'integer') }} as sum_now,
        {{ sum_where('ratings.rating * ratings.rating', is_now, 'integer') }} as squares_now,
        count(*) filter (where not {{ is_now }}) as ratings_before,
        {{ sum_where('ratings.rating', 'not ' ~ is_now, 'integer') }} as sum_before,
        {{ sum_where('ratings.rating * ratings.rating', 'not ' ~ is_now, 'integer') }} as squares_before
    from ratings
    group by ratings.product_id
),

changes as (
    select
        *,
        {{ ratio('sum_before', 'ratings_before') }} as rating_mean_before,
        {{ ratio('sum_now', 'ratings_now') }} as rating_mean_now,
        {{ ratio('sum_now', 'ratings_now') }} - {{ ratio('sum_before', 'ratings_before') }} as mean_change,
        {{ to_double("'" ~ var('confidence_z') ~ "'") }} * sqrt(
            {%- for name in ['before', 'now'] %}
            {%- set n, s, squares = 'ratings_' ~ name, 'sum_' ~ name, 'squares_' ~ name %}
            {{ '+ ' if not loop.first }}{{ ratio(
                ratio(n ~ ' * ' ~ squares ~ ' - ' ~ s ~ ' * ' ~ s, n), n ~ ' * (' ~ n ~ ' - 1)'
            ) }}
            {%- endfor %}
        ) as reach
    from sums
    where
        ratings_before >= {{ least_ratings }}
        and ratings_now >= {{ least_ratings }}
),

final as (
    select
        {{ declared_columns('changes', {
            'title': 'products.title',
            'brand_name': 'products.brand_name',
            'change_low': 'changes.mean_change - changes.reach',
            'change_high': 'changes.mean_change + changes.reach',
            'is_beyond_chance': 'changes.mean_change + changes.reach < 0',
        }) | indent(8) }}
    from changes
    inner join {{ ref('dim_products') }} as products
        on changes.product_id = products.product_id
    where changes.mean_change < 0
)

select * from final
