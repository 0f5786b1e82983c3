-- How many impressions and clicks does each day have, and what do they cost?
-- Asked by ad ops. is_over: the day had ended when the last extraction ran. Impressions are back-dated by up to 8 days, so
-- the latest days may still grow.
-- One row per UTC day with an impression, a click or a campaign in flight; counts, US dollars.
with last_extraction as (
    select {{ cast_to('max(_delivered_at)', 'date') }} as extraction_day
    from {{ ref('fct_ad_delivery_extractions') }}
),

daily as (
    select
        event_date,
        sum(impressions) as impression_count,
        sum(clicks) as click_count,
        sum(spend_usd) as spend,
        count(*) filter (where is_in_flight) as flight_count,
        count(*) filter (where impressions > 0) as serving_count
    from {{ ref('fct_ad_delivery_daily') }}
    group by event_date
)

select
    daily.event_date as event_date,
    {{ cast_to('daily.event_date < last_extraction.extraction_day', 'boolean') }} as is_over,
    daily.flight_count as campaigns_in_flight,
    daily.serving_count as campaigns_with_impressions,
    daily.impression_count as impressions,
    daily.click_count as clicks,
    {{ ratio('daily.click_count', 'daily.impression_count') }} as ctr,
    daily.spend as spend_usd
from daily
cross join last_extraction
order by daily.event_date
