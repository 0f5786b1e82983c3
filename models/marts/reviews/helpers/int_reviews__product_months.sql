{%- set months = incremental_by_day('int_reviews__months', order_by=['product_id']) %}

with reviews as (
    select
        {{ month_of('event_date') }} as month_start,
        product_id,
        rating,
        helpful_votes,
        total_votes
    from {{ ref('fct_product_reviews') }}
),

sums as (
    select
        reviews.month_start as event_date,
        reviews.product_id as product_id,
        {{ cast_to('count(*)', 'integer') }} as reviews,
        {{ cast_to('count(reviews.rating)', 'integer') }} as ratings,
        {{ cast_to('sum(coalesce(reviews.rating, 0))', 'integer') }} as rating_sum,
        {%- for stars in range(1, 6) %}
        {{ cast_to('count(*) filter (where reviews.rating = ' ~ stars ~ ')', 'integer') }} as ratings_{{ stars }},
        {%- endfor %}
        {{ cast_to('sum(coalesce(reviews.helpful_votes, 0))', 'integer') }} as helpful_votes,
        {{ cast_to('sum(coalesce(reviews.total_votes, 0))', 'integer') }} as total_votes,
        {{ cast_to('max(months._day_version)', 'category') }} as _day_version
    from reviews
    inner join {{ ref('int_reviews__months') }} as months on reviews.month_start = months.event_date
    where {{ in_days('reviews.month_start', months) }}
    group by reviews.month_start, reviews.product_id
)

select * from sums
