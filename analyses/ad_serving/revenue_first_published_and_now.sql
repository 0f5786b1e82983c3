-- How far is each day's revenue from what was first published?
-- Asked by finance. first + difference = now. The difference nets what rose and what fell; the moved columns keep them
-- apart.
-- One row per UTC day that was over when a delivery brought it. US dollars, last known amounts; shares of the first
-- figure.
with restatements as (
    select
        event_date,
        count(distinct _delivery_id) as restatement_count,
        sum(revenue_usd_difference) as difference,
        sum(case when revenue_usd_difference > 0 then revenue_usd_difference else 0 end) as moved_up,
        sum(case when revenue_usd_difference < 0 then revenue_usd_difference else 0 end) as moved_down
    from {{ ref('fct_revenue_restatements') }}
    group by event_date
),

published_days as (
    select
        event_date,
        min(_delivered_at) as published_at
    from {{ ref('fct_ad_events_as_of') }}
    where publication = 'first'
    group by event_date
),

days_now as (
    select
        event_date,
        sum(revenue_usd) as revenue_now
    from {{ ref('fct_publisher_performance') }}
    group by event_date
),

days as (
    select
        published_days.event_date as event_date,
        published_days.published_at,
        coalesce(restatements.restatement_count, 0) as restatement_count,
        {{ cast_to('coalesce(restatements.difference, 0)', 'money') }} as difference,
        {{ cast_to('coalesce(restatements.moved_up, 0)', 'money') }} as moved_up,
        {{ cast_to('coalesce(restatements.moved_down, 0)', 'money') }} as moved_down,
        {{ cast_to('coalesce(days_now.revenue_now, 0)', 'money') }} as revenue_now
    from published_days
    left join restatements on published_days.event_date = restatements.event_date
    left join days_now on published_days.event_date = days_now.event_date
)

select
    event_date,
    published_at,
    restatement_count as restatements,
    revenue_now - difference as first_published_usd,
    revenue_now as now_usd,
    difference as difference_usd,
    moved_up as moved_up_usd,
    moved_down as moved_down_usd,
    {{ ratio('difference', 'revenue_now - difference') }} as difference_share
from days
order by event_date
