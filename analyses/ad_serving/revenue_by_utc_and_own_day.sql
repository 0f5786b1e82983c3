-- For which publishers does the revenue of a day depend on whose day it is?
-- Asked by publisher managers. utc_day_usd is what we report, own_day_usd what the publisher sees; they share
-- in_both_usd. The day is the latest that was over in every time zone when the last delivery came, or --vars
-- '{report_day: 2026-03-20}'.
-- One row per publisher whose day differs. US dollars, net of invalid records.
with latest_day as (
    select
        coalesce(
            {{ cast_to("nullif('" ~ var('report_day', '') ~ "', '')", 'date_nullable') }},
            {{ cast_to('max(event_date) - interval 1 day', 'date') }}
        ) as report_day
    from {{ ref('fct_ad_events_as_of') }}
    where publication <> 'preliminary'
),

performance as (
    select
        performance.publisher_id,
        performance.revenue_usd - performance.revenue_usd_invalid_records as net_of_invalid_records,
        case when performance.event_date = latest_day.report_day then 1 else 0 end as is_of_utc_day,
        case when performance.reporting_date = latest_day.report_day then 1 else 0 end as is_of_own_day
    from {{ ref('fct_publisher_performance') }} as performance
    cross join latest_day
),

publisher_days as (
    select
        publisher_id,
        {{ sum_where('net_of_invalid_records', 'is_of_utc_day = 1') }} as utc_day_revenue,
        {{ sum_where('net_of_invalid_records', 'is_of_own_day = 1') }} as own_day_revenue,
        {{ sum_where('net_of_invalid_records', 'is_of_utc_day = 1 and is_of_own_day = 1') }} as shared_revenue,
        count(*) filter (where is_of_utc_day <> is_of_own_day) as parts_apart
    from performance
    group by publisher_id
)

select
    latest_day.report_day,
    publisher_days.publisher_id as publisher_id,
    publishers.publisher_name,
    publishers.timezone,
    publisher_days.utc_day_revenue as utc_day_usd,
    publisher_days.own_day_revenue as own_day_usd,
    publisher_days.shared_revenue as in_both_usd,
    publisher_days.own_day_revenue - publisher_days.utc_day_revenue as difference_usd
from publisher_days
cross join latest_day
left join {{ ref('dim_publishers') }} as publishers
    on publisher_days.publisher_id = publishers.publisher_id
where publisher_days.parts_apart > 0
order by publisher_days.publisher_id
