-- Why did the revenue of this day change after it was published?
-- Asked by finance. The day that restatements moved most, or --vars '{report_day: 2026-03-20}'. Read down a publisher:
-- each delivery took its revenue from before to after, and the counts say by which events; the last row is the revenue
-- now.
-- One row per publisher and delivery that touched the day. US dollars, last known amounts; the rest counts events.
with moved_days as (
    select
        event_date,
        sum(abs(revenue_usd_difference)) as moved_revenue
    from {{ ref('fct_revenue_restatements') }}
    group by event_date
),

asked_day as (
    select event_date from moved_days
    qualify row_number() over (order by moved_revenue desc, event_date asc) = 1
),

figures as (
    select * from {{ ref('fct_ad_events_as_of') }}
    {%- if var('report_day', none) %}
    where event_date = {{ cast_to("'" ~ var('report_day') ~ "'", 'date') }}
    {%- else %}
    where event_date in (select asked_day.event_date from asked_day)
    {%- endif %}
),

history as (
    select
        figures.event_date as event_date,
        figures.publisher_id as publisher_id,
        publishers.publisher_name,
        figures._delivered_at as delivered_at,
        figures.publication,
        restatements.revenue_usd_before as before_usd,
        figures.revenue_usd as after_usd,
        restatements.revenue_usd_difference as difference_usd,
        restatements.events_late,
        restatements.events_changed,
        restatements.events_set_to_null,
        restatements.events_reappeared,
        restatements.events_moved_in,
        restatements.events_moved_out,
        figures._delivery_id as delivery_id
    from figures
    left join {{ ref('fct_revenue_restatements') }} as restatements
        on
            figures.event_date = restatements.event_date
            and figures.publisher_id is not distinct from restatements.publisher_id
            and figures._delivery_id = restatements._delivery_id
    left join {{ ref('dim_publishers') }} as publishers
        on figures.publisher_id = publishers.publisher_id
)

select * from history
order by publisher_id, delivery_id
