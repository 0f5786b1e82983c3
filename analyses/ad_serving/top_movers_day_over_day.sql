-- Which publishers gained or lost most revenue since the day before, and was it volume or price?
-- Asked by publisher managers. The latest full UTC day, or --vars '{report_day: 2026-03-20}'. volume_usd is what the
-- change in impressions is worth at the revenue per impression of the day before, price_usd the rest; both NULL without
-- impressions then.
-- The 10 publishers (or --vars '{top: 20}') that moved most. US dollars, net of invalid records.
with latest_day as (
    {{ report_day() }}
),

two_days as (
    select
        performance.publisher_id,
        performance.publisher_name,
        performance.account_manager,
        performance.impressions,
        performance.revenue_usd_net_of_invalid_records,
        date_diff('day', performance.event_date, latest_day.report_day) as days_ago
    from {{ ref('rpt_ad_serving_publisher_days') }} as performance
    cross join latest_day
    where date_diff('day', performance.event_date, latest_day.report_day) between 0 and 1
),

publisher_days as (
    select
        publisher_id,
        publisher_name,
        account_manager,
        {{ sum_where('impressions', 'days_ago = 1', 'integer') }} as impressions_before,
        {{ sum_where('impressions', 'days_ago = 0', 'integer') }} as impressions_now,
        {{ sum_where('revenue_usd_net_of_invalid_records', 'days_ago = 1') }} as revenue_before,
        {{ sum_where('revenue_usd_net_of_invalid_records', 'days_ago = 0') }} as revenue_now
    from two_days
    group by publisher_id, publisher_name, account_manager
),

movers as (
    select
        *,
        {{ share_of('revenue_before', 'impressions_now', 'impressions_before') }} as revenue_at_old_price,
        row_number() over (order by abs(revenue_now - revenue_before) desc, publisher_id asc) as place
    from publisher_days
)

select
    place,
    publisher_id,
    publisher_name,
    account_manager,
    impressions_before,
    impressions_now,
    revenue_before as before_usd,
    revenue_now as now_usd,
    revenue_now - revenue_before as difference_usd,
    revenue_at_old_price - revenue_before as volume_usd,
    revenue_now - revenue_at_old_price as price_usd
from movers
where place <= {{ var('top', 10) }}
order by place
