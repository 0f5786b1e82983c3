-- Every staged event is in fct_ad_events, and nothing else is.
{%- set is_untested = is_untested_key('event_id', 'fct_ad_events', 'stg_ad_serving__events') %}

with staged as (
    select count(distinct event_id) as event_count
    from {{ ref('stg_ad_serving__events') }}
    where
        set_aside_reason is null
        and {{ is_untested }}
),

published as (
    select count(*) as event_count
    from {{ ref('fct_ad_events') }}
    where {{ is_untested }}
)

select
    staged.event_count as staged_events,
    published.event_count as published_events
from staged
cross join published
where staged.event_count <> published.event_count
