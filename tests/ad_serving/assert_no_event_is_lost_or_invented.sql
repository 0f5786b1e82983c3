-- Every staged event is in fct_ad_events, and nothing else is.
with staged as (
    select count(distinct event_id) as event_count
    from {{ ref('stg_ad_serving__events') }}
    where set_aside_reason is null
),

published as (
    select count(*) as event_count
    from {{ ref('fct_ad_events') }}
)

select
    staged.event_count as staged_events,
    published.event_count as published_events
from staged
cross join published
where staged.event_count <> published.event_count
