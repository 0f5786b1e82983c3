-- How much revenue is each account manager responsible for, by who managed the publisher when it was earned and by who
-- manages it now?
-- Asked by finance. Commission is paid by at_event_time_usd; targets are set by today_usd. Both columns add up to all
-- revenue, so a handover shows as a loss of one manager and a gain of another.
-- One row per account manager; NULL has publishers without one and unknown publishers. US dollars, net of invalid
-- records.
with events as (
    select
        publisher_id,
        publisher_version_id,
        {{ sum_where('revenue_usd', 'invalid_record_reason is null') }} as net_of_invalid_records
    from {{ ref('fct_ad_events_at_event_time') }}
    group by publisher_id, publisher_version_id
),

credits as (
    select
        versions.account_manager as account_manager,
        events.net_of_invalid_records as at_event_time,
        {{ cast_to('0', 'money') }} as today
    from events
    left join {{ ref('dim_publishers_history') }} as versions
        on events.publisher_version_id = versions.publisher_version_id
    union all
    select
        publishers.account_manager as account_manager,
        {{ cast_to('0', 'money') }} as at_event_time,
        events.net_of_invalid_records as today
    from events
    left join {{ ref('dim_publishers') }} as publishers
        on events.publisher_id = publishers.publisher_id
)

select
    account_manager,
    sum(at_event_time) as at_event_time_usd,
    sum(today) as today_usd,
    sum(today) - sum(at_event_time) as difference_usd
from credits
group by account_manager
order by account_manager
