with deliveries as (
    select
        _delivery_id,
        {{ cast_to('min(_delivered_at)', 'date') }} as delivery_day
    from {{ ref('fct_product_review_records') }}
    group by _delivery_id
),

last_delivery as (
    select max(delivery_day) as last_day
    from deliveries
),

waiting as (
    select
        reviews.product_id as product_id,
        reviews.rating as rating,
        reviews.event_date as event_date,
        deliveries.delivery_day as delivery_day,
        last_delivery.last_day as last_day
    from {{ ref('fct_product_reviews') }} as reviews
    inner join {{ ref('dim_products') }} as products
        on reviews.product_id = products.product_id
    inner join deliveries
        on reviews.first_delivery_id = deliveries._delivery_id
    cross join last_delivery
    where not products.is_described
),

counted as (
    select
        waiting.product_id as product_id,
        count(*) as reviews,
        count(waiting.rating) as ratings,
        {{ ratio('sum(coalesce(waiting.rating, 0))', 'count(waiting.rating)') }} as rating_mean,
        min(waiting.event_date) as first_review_day,
        max(waiting.event_date) as last_review_day,
        min(waiting.delivery_day) as waits_since,
        date_diff('day', min(waiting.delivery_day), max(waiting.last_day)) as days_waiting
    from waiting
    group by waiting.product_id
),

final as (
    select
        {{ declared_columns('counted') | indent(8) }}
    from counted
)

select * from final
