-- Which products are reviewed that no delivery describes, and since when?
-- Asked by customer insight. Their reviews count everywhere, without brand and category: ask the shop for the products that
-- wait longest. days_waiting is from the delivery that brought the first of these reviews to the latest one, 0 where that is
-- the same. Reviews that name no product are those of unknown, which no delivery will describe.
-- One row per product without a description, most reviews first. Stars, UTC days.
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
        deliveries.delivery_day as delivery_day
    from {{ ref('fct_product_reviews') }} as reviews
    inner join {{ ref('dim_products') }} as products
        on reviews.product_id = products.product_id
    inner join deliveries
        on reviews.first_delivery_id = deliveries._delivery_id
    where not products.is_described
)

select
    waiting.product_id as product_id,
    count(*) as reviews,
    count(waiting.rating) as ratings,
    {{ ratio('sum(coalesce(waiting.rating, 0))', 'count(waiting.rating)') }} as rating_mean,
    min(waiting.event_date) as first_day,
    max(waiting.event_date) as last_day,
    min(waiting.delivery_day) as waits_since,
    date_diff('day', min(waiting.delivery_day), max(last_delivery.last_day)) as days_waiting
from waiting
cross join last_delivery
group by waiting.product_id
order by count(*) desc, waiting.product_id asc
