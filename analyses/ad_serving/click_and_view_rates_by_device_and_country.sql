-- On which devices and in which countries are campaigns clicked and seen?
-- Asked by ad ops. Pairs with fewer than 100 filled impressions (or --vars '{least_impressions: 1000}') say little, so
-- they are one row, the last: at 100 the standard error of a rate is at most 5 points. All rows together are all events
-- of campaigns.
-- One row per device and country; counts, and rates as shares of filled impressions.
with pairs as (
    select
        device_type,
        country_code,
        sum(filled_impressions) as filled_count,
        sum(clicks) as click_count,
        sum(viewable_impressions) as viewable_count
    from {{ ref('fct_ad_events_daily') }}
    where campaign_id is not null
    group by device_type, country_code
),

judged as (
    select
        filled_count,
        click_count,
        viewable_count,
        case when filled_count >= {{ var('least_impressions', 100) }} then 1 else 0 end as is_enough,
        case when filled_count >= {{ var('least_impressions', 100) }} then device_type end as device,
        case when filled_count >= {{ var('least_impressions', 100) }} then country_code end as country
    from pairs
)

select
    device,
    country,
    {{ cast_to('is_enough = 1', 'boolean') }} as has_enough_impressions,
    count(*) as pairs,
    sum(filled_count) as filled_impressions,
    sum(click_count) as clicks,
    sum(viewable_count) as viewable_impressions,
    {{ ratio('sum(click_count)', 'sum(filled_count)') }} as ctr,
    {{ ratio('sum(viewable_count)', 'sum(filled_count)') }} as viewability_rate
from judged
group by is_enough, device, country
order by is_enough desc, device asc, country asc
