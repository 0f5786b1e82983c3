-- For each campaign and day, in both directions: the figures of the day are the sum of its hours.
with hourly_less_daily as (
    select
        campaign_id,
        event_date,
        impressions,
        clicks
    from {{ ref('fct_ad_delivery_hourly') }}
    union all
    select
        campaign_id,
        event_date,
        -impressions as impressions,
        -clicks as clicks
    from {{ ref('fct_ad_delivery_daily') }}
),

differences as (
    select
        campaign_id,
        event_date,
        sum(impressions) as missing_impressions,
        sum(clicks) as missing_clicks
    from hourly_less_daily
    group by campaign_id, event_date
)

select * from differences
where
    missing_impressions <> 0
    or missing_clicks <> 0
