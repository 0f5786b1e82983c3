with latest_delivery as (
    select max(_delivery_id) as latest_delivery_id
    from {{ ref('stg_ad_serving__files') }}
    where entity = 'events'
),

records as (
    select events.*
    from {{ ref('stg_ad_serving__events') }} as events
    cross join latest_delivery
    where
        events.set_aside_reason is null
        and events._delivery_id < latest_delivery.latest_delivery_id
),

ranked as (
    select
        event_date,
        event_type,
        is_filled,
        row_number() over by_recency as recency,
        {{ first_known_value('revenue_usd', 'whole_history') }} as last_known_revenue
    from records
    {{ windows_of_an_event() }}
),

daily as (
    select
        event_date,
        count(*) filter (where event_type = 'impression') as impressions,
        count(*) filter (where event_type = 'impression' and is_filled) as filled_impressions,
        sum(coalesce(last_known_revenue, 0)) as revenue_usd
    from ranked
    where recency = 1
    group by event_date
)

select * from daily
