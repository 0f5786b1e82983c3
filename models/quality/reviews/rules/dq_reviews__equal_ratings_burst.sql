{%- set weight = var('rating_prior_weight') %}

with months as (
    select distinct
        event_date,
        stars,
        equal_of_shop
    from {{ ref('int_reviews__busy_products') }}
    where stars is not null
),

sums as (
    select
        stars,
        {{ cast_to('sum(equal_of_shop)', 'integer') }} as equal_ever
    from months
    group by stars
),

shop as (
    select
        stars,
        equal_ever,
        {{ cast_to('sum(equal_ever) over ()', 'integer') }} as ratings_ever
    from sums
),

days as (
    select
        busy.*,
        {{ share_of(
            cast_to('busy.ratings', 'money'),
            '(busy.equal_of_quiet_days * shop.ratings_ever + ' ~ weight ~ ' * shop.equal_ever)',
            '((busy.ratings_of_quiet_days + ' ~ weight ~ ') * shop.ratings_ever)',
        ) }} as equal_expected,
        coalesce(
            {{ share_of(cast_to('1', 'money'), '(busy.equal_of_month - busy.equal_ratings)', '(busy.shop_days - 1)') }}, 0
        ) as equal_of_a_day
    from {{ ref('int_reviews__busy_products') }} as busy
    inner join shop on busy.stars = shop.stars
    where busy.product_id is not null
),

bursts as (
    select * from days
    where
        {{ stands_out('equal_ratings', 'equal_of_a_day') }}
        and {{ falls_short('ratings - equal_ratings', 'ratings - equal_expected') }}
)

{{ findings(
    'bursts', key="product_id || '|' || " ~ cast_to('busy_day', 'text'), day='busy_day',
    observed=cast_to('equal_ratings', 'text') ~ " || ' of ' || " ~ cast_to('ratings', 'text') ~ " || ' with rating ' || "
    ~ cast_to('stars', 'text'),
    expected="'about ' || " ~ number_text('round(equal_expected, 1)'), records='equal_ratings',
    numbers=['stars', 'equal_ratings', 'ratings', 'equal_of_a_day'], texts=['product_id'],
    first='first_of_cell', last='last_of_cell'
) }}
