-- Which publishers gained or lost most revenue since the day before, and was it volume or price?
-- Asked by publisher managers. The latest full UTC day, or --vars '{report_day: 2026-03-20}'. volume_usd is what the
-- change in impressions is worth at the revenue per impression of the day before, price_usd the rest; both NULL without
-- impressions then.
-- The 10 publishers (or --vars '{top: 20}') that moved most. US dollars, net of invalid records.
with latest_day as (
    select
        coalesce(
            {{ cast_to("nullif('" ~ var('report_day', '') ~ "', '')", 'date_nullable') }}, max(event_date)
        ) as report_day
    from {{ ref('fct_ad_events_as_of') }}
    where publication <> 'preliminary'
),

two_days as (
    select
        performance.publisher_id,
        performance.impressions,
        performance.revenue_usd - performance.revenue_usd_invalid_records as net_of_invalid_records,
        date_diff('day', performance.event_date, latest_day.report_day) as days_ago
    from {{ ref('fct_publisher_performance') }} as performance
    cross join latest_day
    where date_diff('day', performance.event_date, latest_day.report_day) between 0 and 1
),

publisher_days as (
    select
        publisher_id,
        {{ sum_where('impressions', 'days_ago = 1', 'integer') }} as impressions_before,
        {{ sum_where('impressions', 'days_ago = 0', 'integer') }} as impressions_now,
        {{ sum_where('net_of_invalid_records', 'days_ago = 1') }} as revenue_before,
        {{ sum_where('net_of_invalid_records', 'days_ago = 0') }} as revenue_now
    from two_days
    group by publisher_id
),

movers as (
    select
        *,
        {{ share_of('revenue_before', 'impressions_now', 'impressions_before') }} as revenue_at_old_price,
        row_number() over (order by abs(revenue_now - revenue_before) desc, publisher_id asc) as place
    from publisher_days
)

select
    movers.place,
    movers.publisher_id as publisher_id,
    publishers.publisher_name,
    publishers.account_manager,
    movers.impressions_before,
    movers.impressions_now,
    movers.revenue_before as before_usd,
    movers.revenue_now as now_usd,
    movers.revenue_now - movers.revenue_before as difference_usd,
    movers.revenue_at_old_price - movers.revenue_before as volume_usd,
    movers.revenue_now - movers.revenue_at_old_price as price_usd
from movers
left join {{ ref('dim_publishers') }} as publishers
    on movers.publisher_id = publishers.publisher_id
where movers.place <= {{ var('top', 10) }}
order by movers.place
