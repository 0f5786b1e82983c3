{# days on which any version of a campaign is out of flight: only events of these days are checked #}
with doubtful_days as (
    select distinct
        served.campaign_id as campaign_id,
        served.event_date as event_date
    from (
        select distinct
            campaign_id,
            event_date
        from {{ ref('fct_ad_events') }}
        where
            is_filled
            and event_type = 'impression'
    ) as served
    inner join {{ ref('dim_campaigns_history') }} as flights on served.campaign_id = flights.campaign_id
    where not coalesce(served.event_date between flights.start_date and flights.end_date, true)
),

doubtful as (
    select events.*
    from {{ ref('fct_ad_events') }} as events
    inner join doubtful_days
        on
            events.campaign_id = doubtful_days.campaign_id
            and events.event_date = doubtful_days.event_date
    where
        events.is_filled
        and events.event_type = 'impression'
),

judged as (
    select
        events.event_id as event_id,
        events.campaign_id as campaign_id,
        events.event_date as event_date,
        events.revenue_usd as revenue_usd,
        events._delivery_id as _delivery_id,
        events._source_file as _source_file,
        events._source_row as _source_row,
        at_event_time.start_date as start_date_then,
        at_event_time.end_date as end_date_then,
        campaigns.start_date as start_date_now,
        campaigns.end_date as end_date_now,
        not coalesce(events.event_date between at_event_time.start_date and at_event_time.end_date, true) as was_breach,
        not coalesce(events.event_date between campaigns.start_date and campaigns.end_date, true) as is_breach
    from doubtful as events
    asof inner join {{ ref('dim_campaigns_history') }} as at_event_time
        on
            events.campaign_id = at_event_time.campaign_id
            and events.event_at >= at_event_time.valid_from
    inner join {{ ref('dim_campaigns') }} as campaigns on events.campaign_id = campaigns.campaign_id
),

breaches as (
    select
        *,
        case
            when was_breach and is_breach then 'out of flight then and now'
            when was_breach then 'out of flight then, hidden by a later change of the campaign'
            else 'out of flight now, not by the flight that held then'
        end as verdict,
        case when was_breach then start_date_then else start_date_now end as start_date,
        case when was_breach then end_date_then else end_date_now end as end_date
    from judged
    where was_breach or is_breach
)

{{ findings_of_records(
    'breaches', observed='verdict',
    expected=cast_to('start_date', 'text_nullable') ~ " || ' to ' || " ~ cast_to('end_date', 'text_nullable'), impact='revenue_usd',
    texts=['campaign_id', 'start_date_then', 'end_date_then', 'start_date_now', 'end_date_now']
) }}
