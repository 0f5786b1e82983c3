{#
    Keeps only the days of a product that a rule may find: those with many ratings of the same number of stars. Each has
    the product's ratings of the month, those of its quiet days, and those of the shop. A month without such a
    day keeps only the shop's ratings.
#}
{%- set months = incremental_by_day('int_reviews__months', order_by=['event_date']) %}
{%- set least = var('dq_least_events') %}
{%- set quiet = 'case when most_equal < ' ~ least ~ ' then equal_ratings else 0 end' %}

with cells as (
    select
        {{ month_of('event_date') }} as month_start,
        event_date as busy_day,
        product_id,
        rating as stars,
        {{ cast_to('count(*)', 'integer') }} as equal_ratings,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell
    from {{ ref('fct_product_reviews') }}
    where {{ in_days(month_of('event_date'), months) }}
    group by event_date, product_id, rating
),

days_of_shop as (
    select
        month_start,
        {{ cast_to('count(distinct busy_day)', 'integer') }} as shop_days
    from cells
    group by month_start
),

shop as (
    select
        month_start,
        stars,
        {{ cast_to('sum(equal_ratings)', 'integer') }} as equal_of_shop
    from cells
    group by month_start, stars
),

busy_cells as (
    select product_id from cells
    where
        stars is not null
        and equal_ratings >= {{ least }}
),

days_of_products as (
    select
        *,
        {{ cast_to('sum(equal_ratings) over (partition by product_id, busy_day)', 'integer') }} as ratings,
        max(equal_ratings) over (partition by product_id, busy_day) as most_equal
    from cells
    where
        stars is not null
        and product_id in (select busy_cells.product_id from busy_cells)
),

months_of_products as (
    select
        *,
        {{ cast_to('sum(equal_ratings) over stars_of_month', 'integer') }} as equal_of_month,
        {{ cast_to('sum(' ~ quiet ~ ') over stars_of_month', 'integer') }} as equal_of_quiet_days,
        {{ cast_to('sum(' ~ quiet ~ ') over all_of_month', 'integer') }} as ratings_of_quiet_days
    from days_of_products
    window
        stars_of_month as (partition by product_id, month_start, stars),
        all_of_month as (partition by product_id, month_start)
),

busy as (
    select * from months_of_products
    where
        equal_ratings >= {{ least }}
        and product_id <> 'unknown'
),

final as (
    select
        months.event_date as event_date,
        shop.stars as stars,
        shop.equal_of_shop as equal_of_shop,
        days_of_shop.shop_days as shop_days,
        busy.product_id as product_id,
        busy.busy_day as busy_day,
        busy.equal_ratings as equal_ratings,
        busy.ratings as ratings,
        busy.equal_of_month as equal_of_month,
        busy.equal_of_quiet_days as equal_of_quiet_days,
        busy.ratings_of_quiet_days as ratings_of_quiet_days,
        busy.first_of_cell as first_of_cell,
        busy.last_of_cell as last_of_cell,
        {{ cast_to('months._day_version', 'category') }} as _day_version
    from shop
    inner join days_of_shop on shop.month_start = days_of_shop.month_start
    inner join {{ ref('int_reviews__months') }} as months on shop.month_start = months.event_date
    left join busy
        on
            shop.month_start = busy.month_start
            and shop.stars = busy.stars
)

select * from final
