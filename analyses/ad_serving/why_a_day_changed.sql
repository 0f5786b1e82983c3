-- Why did the revenue of this day change after it was published?
-- Asked by finance. The day that restatements moved most (what publishers gained and lost, added up without its sign),
-- or --vars '{report_day: 2026-03-20}'. Read down a publisher: each delivery changed its revenue from before to after,
-- and the counts say through which events; the last row is the current revenue.
-- One row per publisher and delivery that touched the day. US dollars, last known amounts; the rest counts events.
with moved_days as (
    select
        event_date,
        sum(abs(revenue_usd_difference)) as moved_revenue
    from {{ ref('rpt_ad_serving_restatements') }}
    where publication = 'restatement'
    group by event_date
),

asked_day as (
    select event_date from moved_days
    qualify row_number() over (order by moved_revenue desc, event_date asc) = 1
)

select
    event_date,
    publisher_name,
    revenue_usd_before as before_usd,
    revenue_usd_difference as change_usd,
    revenue_usd_after as after_usd,
    delivered_at,
    publisher_id,
    publication,
    events_late,
    events_changed,
    events_set_to_null,
    events_reappeared,
    events_moved_in,
    events_moved_out,
    events_retracted,
    events_restored,
    retraction_reason,
    delivery_id
from {{ ref('rpt_ad_serving_restatements') }}
{%- if var('report_day', none) %}
where event_date = {{ cast_to("'" ~ var('report_day') ~ "'", 'date') }}
{%- else %}
where event_date in (select asked_day.event_date from asked_day)
{%- endif %}
order by publisher_id, delivery_id
