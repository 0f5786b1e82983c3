-- Does each publisher fill more or less of its impressions than a week ago?
-- Asked by publisher managers. The 7 UTC days up to the latest full one, or --vars '{report_day: 2026-03-20}', against
-- the 7 before; compare only where both weeks have as many days with impressions. change_in_points of 0.02: fill rose
-- by 2 percentage points.
-- One row per publisher with an impression in either week. Counts and shares of impressions, made from the sums of the
-- week.
with latest_day as (
    select
        coalesce(
            {{ cast_to("nullif('" ~ var('report_day', '') ~ "', '')", 'date_nullable') }}, max(event_date)
        ) as report_day
    from {{ ref('fct_ad_events_as_of') }}
    where publication <> 'preliminary'
),

days as (
    select
        performance.publisher_id as publisher_id,
        performance.event_date as event_date,
        performance.impressions,
        performance.filled_impressions,
        case
            when date_diff('day', performance.event_date, latest_day.report_day) < 7 then 'this'
            else 'last'
        end as which_week
    from {{ ref('fct_publisher_performance') }} as performance
    cross join latest_day
    where
        performance.impressions > 0
        and date_diff('day', performance.event_date, latest_day.report_day) between 0 and 13
),

weeks as (
    select
        publisher_id,
        count(distinct case when which_week = 'this' then event_date end) as days_this_week,
        count(distinct case when which_week = 'last' then event_date end) as days_last_week,
        {{ sum_where('impressions', "which_week = 'this'", 'integer') }} as impressions_this_week,
        {{ sum_where('impressions', "which_week = 'last'", 'integer') }} as impressions_last_week,
        {{ sum_where('filled_impressions', "which_week = 'this'", 'integer') }} as filled_this_week,
        {{ sum_where('filled_impressions', "which_week = 'last'", 'integer') }} as filled_last_week
    from days
    group by publisher_id
)

select
    weeks.publisher_id as publisher_id,
    publishers.publisher_name,
    publishers.account_manager,
    weeks.days_this_week,
    weeks.days_last_week,
    weeks.impressions_this_week,
    weeks.impressions_last_week,
    {{ ratio('weeks.filled_this_week', 'weeks.impressions_this_week') }} as fill_rate_this_week,
    {{ ratio('weeks.filled_last_week', 'weeks.impressions_last_week') }} as fill_rate_last_week,
    {{ ratio('weeks.filled_this_week', 'weeks.impressions_this_week') }}
    - {{ ratio('weeks.filled_last_week', 'weeks.impressions_last_week') }} as change_in_points
from weeks
left join {{ ref('dim_publishers') }} as publishers
    on weeks.publisher_id = publishers.publisher_id
order by weeks.publisher_id
