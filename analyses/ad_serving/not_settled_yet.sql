-- What is not settled yet, and how much revenue hangs on it?
-- Asked by finance. The latest record of these events says NULL: at_stake_usd is counted as revenue until another
-- delivery settles it. Events that never had an amount, or had 0, stand in events_without_amount and put nothing at
-- stake.
-- One row per UTC day and publisher with such an event. US dollars; share of the day's revenue of the publisher.
with events as (
    select
        event_date,
        publisher_id,
        count(*) filter (where not is_settled) as unsettled_count,
        count(*) filter (where not is_settled and revenue_usd = 0) as without_amount_count,
        {{ sum_where('revenue_usd', 'not is_settled') }} as unsettled_revenue,
        sum(revenue_usd) as day_revenue,
        max(case when not is_settled then _delivery_id end) as latest_delivery_id
    from {{ ref('fct_ad_events') }}
    group by event_date, publisher_id
),

deliveries as (
    select
        _delivery_id,
        max(_delivered_at) as delivered_at
    from {{ ref('fct_ad_event_records') }}
    group by _delivery_id
)

select
    events.event_date as event_date,
    events.publisher_id as publisher_id,
    publishers.publisher_name,
    events.unsettled_count as events_not_settled,
    events.without_amount_count as events_without_amount,
    events.unsettled_revenue as at_stake_usd,
    {{ ratio('events.unsettled_revenue', 'events.day_revenue') }} as share_of_revenue,
    deliveries.delivered_at as latest_delivered_at
from events
left join deliveries on events.latest_delivery_id = deliveries._delivery_id
left join {{ ref('dim_publishers') }} as publishers
    on events.publisher_id = publishers.publisher_id
where events.unsettled_count > 0
order by events.event_date, events.publisher_id
