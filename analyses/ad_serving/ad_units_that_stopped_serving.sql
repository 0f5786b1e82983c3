-- Which ad units served before and have stopped?
-- Asked by ad ops. impressions_missed is what the ad unit would have shown at its average of the days up to its last:
-- the higher, the less it is chance. An ad unit that is not active stopped on purpose.
-- One row per ad unit without an impression on the latest full UTC day, or --vars '{report_day: 2026-03-20}'; days and
-- impressions.
with latest_day as (
    select
        coalesce(
            {{ cast_to("nullif('" ~ var('report_day', '') ~ "', '')", 'date_nullable') }}, max(event_date)
        ) as report_day
    from {{ ref('fct_ad_events_as_of') }}
    where publication <> 'preliminary'
),

served_days as (
    select
        daily.ad_unit_id,
        latest_day.report_day,
        min(daily.event_date) as first_day,
        max(daily.event_date) as last_day,
        sum(daily.impressions) as impression_count
    from {{ ref('fct_ad_events_daily') }} as daily
    cross join latest_day
    where
        daily.ad_unit_id is not null
        and daily.impressions > 0
        and daily.event_date <= latest_day.report_day
    group by daily.ad_unit_id, latest_day.report_day
),

silent as (
    select
        ad_unit_id,
        first_day,
        last_day,
        impression_count,
        date_diff('day', first_day, last_day) + 1 as serving_count,
        date_diff('day', last_day, report_day) as silent_count
    from served_days
    where last_day < report_day
)

select
    silent.ad_unit_id as ad_unit_id,
    ad_units.ad_unit_name,
    ad_units.publisher_id,
    ad_units.ad_format,
    ad_units.is_active,
    silent.last_day as last_day_served,
    silent.silent_count as days_silent,
    silent.impression_count as impressions_before,
    {{ ratio('silent.impression_count * silent.silent_count', 'silent.serving_count') }} as impressions_missed
from silent
left join {{ ref('dim_ad_units') }} as ad_units
    on silent.ad_unit_id = ad_units.ad_unit_id
order by
    {{ ratio('silent.impression_count * silent.silent_count', 'silent.serving_count') }} desc,
    silent.ad_unit_id asc
