with events_at_fault as (
    select distinct finding_key as event_id
    from {{ ref('fct_dq_findings') }}
    where
        source = 'ad_serving'
        and severity = 'error'
        and is_open
        and is_about_event
),

days as (
    select
        events.event_date as event_date,
        events.reporting_date as reporting_date,
        events.publisher_id as publisher_id,
        count(*) as event_count,
        sum(events.revenue_usd) as revenue
    from {{ ref('fct_ad_events') }} as events
    inner join events_at_fault on events.event_id = events_at_fault.event_id
    group by events.event_date, events.reporting_date, events.publisher_id
)

select * from days
