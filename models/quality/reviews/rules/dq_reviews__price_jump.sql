with priced as (
    select
        product_id,
        price,
        _delivery_id,
        lag(price) over (partition by product_id order by version_number) as price_before
    from {{ ref('dim_products_history') }}
    where price > 0
),

jumps as (
    select * from priced
    where {{ out_of_line('price', 'price_before') }}
)

{{ findings(
    'jumps', key="product_id || '|' || _delivery_id", observed=number_text('price'),
    expected="'about ' || " ~ number_text('price_before'), numbers=['price', 'price_before'], texts=['product_id']
) }}
