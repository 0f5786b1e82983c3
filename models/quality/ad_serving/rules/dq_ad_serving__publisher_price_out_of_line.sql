with prices as (
    select
        publisher_id,
        count(*) as paid,
        sum(revenue_usd) as paid_usd,
        {{ median('price_micros') }} as price,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell
    from {{ ref('int_ad_serving__paid_impressions') }}
    where publisher_id is not null
    group by publisher_id
    having count(*) >= {{ var('least_sampled') }}
),

usual as (
    select {{ median('price') }} as usual_price
    from prices
    having count(*) >= {{ var('dq_least_peers') }}
),

outliers as (
    select
        prices.*,
        usual.usual_price as usual_price
    from prices
    cross join usual
    where {{ out_of_line('prices.price', 'usual.usual_price') }}
)

{{ findings(
    'outliers', key='publisher_id', observed=price_text('price'), expected=price_text('usual_price'),
    records='paid', impact=amount_above_peers('paid_usd', 'price', 'usual_price'), numbers=['paid', 'paid_usd'],
    texts=['publisher_id'], first='first_of_cell', last='last_of_cell'
) }}
