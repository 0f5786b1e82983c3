-- No staged record of an event is later than the one that the event shows.
with records as (
    select
        event_id,
        max((_delivery_id, _source_file, _source_row)) as latest_place
    from {{ ref('stg_ad_serving__events') }}
    where
        set_aside_reason is null
        and {{ is_untested_key('event_id', 'fct_ad_events', 'stg_ad_serving__events') }}
    group by event_id
)

select events.event_id
from {{ ref('fct_ad_events') }} as events
inner join records on events.event_id = records.event_id
where records.latest_place <> (events._delivery_id, events._source_file, events._source_row)
