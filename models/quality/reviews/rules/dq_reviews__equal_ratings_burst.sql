{%- set weight = var('rating_prior_weight') %}

with shares as (
    select
        stars,
        {{ cast_to('sum(equal_of_shop)', 'integer') }} as equal_of_shop,
        {{ cast_to('sum(sum(equal_of_shop)) over ()', 'integer') }} as ratings_of_shop
    from (
        select distinct
            event_date,
            stars,
            equal_of_shop
        from {{ ref('int_reviews__busy_products') }}
    ) as months
    where stars is not null
    group by stars
),

days as (
    select
        busy.*,
        {{ share_of(
            cast_to('busy.ratings', 'money'),
            'busy.equal_of_quiet_days * shares.ratings_of_shop + ' ~ weight ~ ' * shares.equal_of_shop',
            '(busy.ratings_of_quiet_days + ' ~ weight ~ ') * shares.ratings_of_shop',
        ) }} as equal_expected,
        coalesce({{ share_of(cast_to('1', 'money'), 'busy.equal_of_month - busy.equal_ratings', 'busy.days - 1') }}, 0) as equal_of_a_day
    from {{ ref('int_reviews__busy_products') }} as busy
    inner join shares on busy.stars = shares.stars
    where busy.product_id is not null
),

bursts as (
    select * from days
    where
        {{ stands_out('equal_ratings', 'equal_of_a_day') }}
        and {{ falls_short('ratings - equal_ratings', 'ratings - equal_expected') }}
)

{{ findings(
    'bursts', key="product_id || '|' || " ~ cast_to('day', 'text'), day='day',
    observed=cast_to('equal_ratings', 'text') ~ " || ' of ' || " ~ cast_to('ratings', 'text') ~ " || ' with rating ' || " ~ cast_to('stars', 'text'),
    expected="'about ' || " ~ number_text('round(equal_expected, 1)'), records='equal_ratings',
    numbers=['stars', 'equal_ratings', 'ratings', 'equal_of_a_day'], texts=['product_id'], first='first_of_cell', last='last_of_cell'
) }}
