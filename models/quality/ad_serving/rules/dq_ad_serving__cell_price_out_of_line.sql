with cells as (
    select
        publisher_id,
        campaign_id,
        count(*) as paid,
        sum(revenue_usd) as paid_usd,
        {{ median('price_micros') }} as price,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell
    from {{ ref('int_ad_serving__paid_impressions') }}
    where
        publisher_id is not null
        and campaign_id is not null
    group by publisher_id, campaign_id
    having count(*) >= {{ var('dq_least_prices') }}
),

publishers as (
    select
        publisher_id,
        {{ median('price') }} as price
    from cells
    group by publisher_id
    having count(*) >= {{ var('dq_least_peers') }}
),

campaigns as (
    select
        campaign_id,
        {{ median('price') }} as price
    from cells
    group by campaign_id
    having count(*) >= {{ var('dq_least_peers') }}
),

everything as (
    select {{ median('price') }} as price
    from cells
),

expected as (
    select
        cells.publisher_id as publisher_id,
        cells.campaign_id as campaign_id,
        cells.paid as paid,
        cells.paid_usd as paid_usd,
        cells.price as price,
        cells.first_of_cell as first_of_cell,
        cells.last_of_cell as last_of_cell,
        publishers.price * campaigns.price / everything.price as expected_price
    from cells
    inner join publishers on cells.publisher_id = publishers.publisher_id
    inner join campaigns on cells.campaign_id = campaigns.campaign_id
    cross join everything
),

outliers as (
    select * from expected
    where {{ out_of_line('price', 'expected_price') }}
)

{{ findings(
    'outliers', key="publisher_id || '|' || campaign_id", observed=price_text('price'),
    expected=price_text('expected_price'), records='paid',
    impact=amount_above_peers('paid_usd', 'price', 'expected_price'), numbers=['paid', 'paid_usd'],
    texts=['publisher_id', 'campaign_id'], first='first_of_cell', last='last_of_cell'
) }}
