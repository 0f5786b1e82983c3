-- How do impressions, clicks, CTR and spend of a week compare with those of the week before?
-- Asked by ad ops. Only a week that was over when the last extraction ran is compared; days_with_impressions says how full
-- it is. A change of 0.1 is 10 percent more; change_of_ctr_in_points of 0.002 is a CTR 0.2 percentage points higher. NULL where
-- the week before has nothing.
-- One row per ISO week (Monday to Sunday, UTC) with an impression, a click or a campaign in flight; counts, US dollars.
with last_extraction as (
    select {{ cast_to('max(_delivered_at)', 'date') }} as extraction_day
    from {{ ref('fct_ad_delivery_extractions') }}
),

days as (
    select
        daily.impressions as impressions,
        daily.clicks as clicks,
        daily.spend_usd as spend,
        case when daily.impressions > 0 then daily.event_date end as serving_day,
        -- weeks are counted from a Monday
        daily.event_date
        - cast(date_diff('day', {{ cast_to("'1900-01-01'", 'date') }}, daily.event_date) % 7 as integer) as week_start
    from {{ ref('fct_ad_delivery_daily') }} as daily
),

weeks as (
    select
        week_start,
        week_start + 6 as week_end,
        count(distinct serving_day) as serving_days,
        sum(impressions) as impression_count,
        sum(clicks) as click_count,
        sum(spend) as spend_sum
    from days
    group by week_start
)

select
    weeks.week_start as week_start,
    {{ cast_to('weeks.week_end < last_extraction.extraction_day', 'boolean') }} as is_over,
    weeks.serving_days as days_with_impressions,
    weeks.impression_count as impressions,
    {{ ratio('weeks.impression_count - previous.impression_count', 'previous.impression_count') }} as change_of_impressions,
    weeks.click_count as clicks,
    {{ ratio('weeks.click_count - previous.click_count', 'previous.click_count') }} as change_of_clicks,
    {{ ratio('weeks.click_count', 'weeks.impression_count') }} as ctr,
    {{ ratio('weeks.click_count', 'weeks.impression_count') }}
    - {{ ratio('previous.click_count', 'previous.impression_count') }} as change_of_ctr_in_points,
    weeks.spend_sum as spend_usd,
    {{ ratio('weeks.spend_sum - previous.spend_sum', 'previous.spend_sum') }} as change_of_spend
from weeks
cross join last_extraction
left join weeks as previous
    on
        weeks.week_start = previous.week_start + 7
        and weeks.week_end < last_extraction.extraction_day
order by weeks.week_start
