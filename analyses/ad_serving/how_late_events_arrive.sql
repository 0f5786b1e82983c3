-- How many days after their day do events and their revenue arrive?
-- Asked by finance. The cumulative shares say how complete a day is after that number of days. Revenue is the current
-- amount, by the delivery that first brought the event. Below 0 days, the event's time is after its delivery.
-- One row per number of UTC days from the event's day to its first delivery. Events of every type; US dollars, gross.
with deliveries as (
    select
        _delivery_id,
        {{ cast_to('max(_delivered_at)', 'date') }} as delivery_date
    from {{ ref('fct_ad_event_records') }}
    group by _delivery_id
),

arrivals as (
    select
        date_diff('day', events.event_date, deliveries.delivery_date) as days_late,
        count(*) as event_count,
        sum(events.revenue_usd) as revenue
    from {{ ref('fct_ad_events') }} as events
    inner join deliveries on events.first_delivery_id = deliveries._delivery_id
    group by date_diff('day', events.event_date, deliveries.delivery_date)
),

cumulated as (
    select
        *,
        sum(event_count) over up_to_here as events_so_far,
        sum(revenue) over up_to_here as revenue_so_far,
        sum(event_count) over () as all_events,
        sum(revenue) over () as all_revenue
    from arrivals
    window up_to_here as (order by days_late rows between unbounded preceding and current row)
)

select
    days_late,
    event_count as events,
    revenue as revenue_usd,
    {{ ratio('events_so_far', 'all_events') }} as cumulative_share_of_events,
    {{ ratio('revenue_so_far', 'all_revenue') }} as cumulative_share_of_revenue
from cumulated
order by days_late
