-- For each day: the revenue last published before any restatement, plus all later differences, is the current revenue.
with publications as (
    select
        *,
        row_number() over (partition by event_date, publisher_id order by _delivery_id desc) as recency
    from {{ ref('fct_ad_events_as_of') }}
    where publication <> 'restatement'
),

steps as (
    select
        event_date,
        revenue_usd as revenue_step,
        revenue_usd_as_delivered as delivered_revenue_step
    from publications
    where recency = 1
    union all
    select
        event_date,
        revenue_usd_difference as revenue_step,
        revenue_usd_as_delivered_difference as delivered_revenue_step
    from {{ ref('fct_revenue_restatements') }}
    union all
    select
        event_date,
        -revenue_usd as revenue_step,
        -revenue_usd_as_delivered as delivered_revenue_step
    from {{ ref('fct_publisher_performance') }}
),

unexplained as (
    select
        event_date,
        sum(revenue_step) as unexplained_revenue,
        sum(delivered_revenue_step) as unexplained_delivered_revenue
    from steps
    group by event_date
)

select * from unexplained
where
    unexplained_revenue is distinct from 0
    or unexplained_delivered_revenue is distinct from 0
