-- Does each publisher fill more or less of its impressions than a week ago?
-- Asked by publisher managers. The 7 UTC days up to the latest full one, or --vars '{report_day: 2026-03-20}', against
-- the 7 before. Compare only if both weeks have the same number of days with impressions. A change_in_points of 0.02
-- means that fill rose by 2 percentage points.
-- One row per publisher with an impression in either week. Counts and shares of impressions, from the sums of the week.
with latest_day as (
    {{ report_day() }}
),

days as (
    select
        performance.publisher_id as publisher_id,
        performance.publisher_name as publisher_name,
        performance.account_manager as account_manager,
        performance.event_date as event_date,
        performance.impressions,
        performance.filled_impressions,
        case
            when date_diff('day', performance.event_date, latest_day.report_day) < 7 then 'this'
            else 'last'
        end as which_week
    from {{ ref('rpt_ad_serving_publisher_days') }} as performance
    cross join latest_day
    where
        performance.impressions > 0
        and date_diff('day', performance.event_date, latest_day.report_day) between 0 and 13
),

weeks as (
    select
        publisher_id,
        publisher_name,
        account_manager,
        count(distinct case when which_week = 'this' then event_date end) as days_this_week,
        count(distinct case when which_week = 'last' then event_date end) as days_last_week,
        {{ sum_where('impressions', "which_week = 'this'", 'integer') }} as impressions_this_week,
        {{ sum_where('impressions', "which_week = 'last'", 'integer') }} as impressions_last_week,
        {{ sum_where('filled_impressions', "which_week = 'this'", 'integer') }} as filled_this_week,
        {{ sum_where('filled_impressions', "which_week = 'last'", 'integer') }} as filled_last_week
    from days
    group by publisher_id, publisher_name, account_manager
)

select
    publisher_id,
    publisher_name,
    account_manager,
    days_this_week,
    days_last_week,
    impressions_this_week,
    impressions_last_week,
    {{ ratio('filled_this_week', 'impressions_this_week') }} as fill_rate_this_week,
    {{ ratio('filled_last_week', 'impressions_last_week') }} as fill_rate_last_week,
    {{ ratio('filled_this_week', 'impressions_this_week') }}
    - {{ ratio('filled_last_week', 'impressions_last_week') }} as change_in_points
from weeks
order by publisher_id
