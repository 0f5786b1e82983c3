-- For which publishers does the revenue of a day depend on whose day it is?
-- Asked by publisher managers. utc_day_usd is what we report, own_day_usd what the publisher sees; they share
-- in_both_usd. The day is the latest that was over in every time zone when the last delivery came, or --vars
-- '{report_day: 2026-03-20}'.
-- One row per publisher whose day differs. US dollars, net of invalid records.
with latest_day as (
    {{ report_day(days_before=1) }}
),

performance as (
    select
        performance.publisher_id,
        performance.publisher_name,
        performance.timezone,
        performance.revenue_usd_net_of_invalid_records,
        latest_day.report_day as report_day,
        case when performance.event_date = latest_day.report_day then 1 else 0 end as is_of_utc_day,
        case when performance.reporting_date = latest_day.report_day then 1 else 0 end as is_of_own_day
    from {{ ref('rpt_ad_serving_publisher_days') }} as performance
    cross join latest_day
),

publisher_days as (
    select
        report_day,
        publisher_id,
        publisher_name,
        timezone,
        {{ sum_where('revenue_usd_net_of_invalid_records', 'is_of_utc_day = 1') }} as utc_day_usd,
        {{ sum_where('revenue_usd_net_of_invalid_records', 'is_of_own_day = 1') }} as own_day_usd,
        {{ sum_where('revenue_usd_net_of_invalid_records', 'is_of_utc_day = 1 and is_of_own_day = 1') }} as in_both_usd,
        count(*) filter (where is_of_utc_day <> is_of_own_day) as parts_apart
    from performance
    group by report_day, publisher_id, publisher_name, timezone
)

select
    report_day,
    publisher_id,
    publisher_name,
    timezone,
    utc_day_usd,
    own_day_usd,
    in_both_usd,
    own_day_usd - utc_day_usd as difference_usd
from publisher_days
where parts_apart > 0
order by publisher_id
