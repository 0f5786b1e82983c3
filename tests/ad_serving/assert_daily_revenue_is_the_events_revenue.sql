-- Money is conserved from the events to the daily marts, to the micro-dollar.
with events as (
    select
        count(*) filter (where event_type = 'impression') as impressions,
        coalesce(sum(revenue_usd), 0) as revenue_usd,
        coalesce(sum(revenue_usd_as_delivered), 0) as revenue_usd_as_delivered
    from {{ ref('fct_ad_events') }}
),

daily as (
    select
        coalesce(sum(impressions), 0) as impressions,
        coalesce(sum(revenue_usd), 0) as revenue_usd,
        coalesce(sum(revenue_usd_as_delivered), 0) as revenue_usd_as_delivered
    from {{ ref('fct_ad_events_daily') }}
),

publishers as (
    select
        coalesce(sum(impressions), 0) as impressions,
        coalesce(sum(revenue_usd), 0) as revenue_usd,
        coalesce(sum(revenue_usd_as_delivered), 0) as revenue_usd_as_delivered
    from {{ ref('fct_publisher_performance') }}
),

campaigns as (
    select
        coalesce(sum(impressions), 0) as impressions,
        coalesce(sum(revenue_usd), 0) as revenue_usd,
        coalesce(sum(revenue_usd_as_delivered), 0) as revenue_usd_as_delivered
    from {{ ref('fct_campaign_performance') }}
)

select events.*
from events
cross join daily
cross join publishers
cross join campaigns
where
    events.impressions is distinct from daily.impressions
    or events.impressions is distinct from publishers.impressions
    or events.impressions is distinct from campaigns.impressions
    or events.revenue_usd is distinct from daily.revenue_usd
    or events.revenue_usd is distinct from publishers.revenue_usd
    or events.revenue_usd is distinct from campaigns.revenue_usd
    or events.revenue_usd_as_delivered is distinct from daily.revenue_usd_as_delivered
    or events.revenue_usd_as_delivered is distinct from publishers.revenue_usd_as_delivered
    or events.revenue_usd_as_delivered is distinct from campaigns.revenue_usd_as_delivered
