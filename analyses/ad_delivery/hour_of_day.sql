-- At which hours of the day are ads shown, and at which are they clicked?
-- Asked by ad ops. ctr_low to ctr_high is the Wilson interval of 95 percent (var confidence_z); NULL without impressions,
-- and where clicks outnumber them.
-- One row per hour of the day in UTC, 0 to 23; counts of all days and campaigns.
with activity as (
    select
        hour as hour_of_day,
        impressions,
        clicks
    from {{ ref('fct_ad_delivery_hourly') }}
    union all
    select
        {{ cast_to(unnested('range(0, 24)'), 'integer') }} as hour_of_day,
        {{ cast_to('0', 'integer') }} as impressions,
        {{ cast_to('0', 'integer') }} as clicks
),

hours as (
    select
        hour_of_day,
        sum(impressions) as impression_count,
        sum(clicks) as click_count,
        sum(sum(impressions)) over () as all_impressions
    from activity
    group by hour_of_day
)

select
    hour_of_day,
    impression_count as impressions,
    {{ ratio('impression_count', 'all_impressions') }} as share_of_impressions,
    click_count as clicks,
    {{ ratio('click_count', 'impression_count') }} as ctr,
    {{ wilson_columns('ctr', 'click_count', 'impression_count') }}
from hours
order by hour_of_day
