-- The place that an event shows is that of one of its staged records, and none of them is later.
{%- set is_untested = is_untested_key('event_id', 'fct_ad_events', 'stg_ad_serving__events') %}

with places_of_records as (
    select
        event_id,
        (_delivery_id, _source_file, _source_row) as place
    from {{ ref('stg_ad_serving__events') }}
    where
        set_aside_reason is null
        and {{ is_untested }}
),

places_of_events as (
    select
        event_id,
        (_delivery_id, _source_file, _source_row) as place
    from {{ ref('fct_ad_events') }}
    where {{ is_untested }}
),

events as (
    select count(*) as event_count from {{ ref('fct_ad_events') }}
    where {{ is_untested }}
),

compared as (
    select
        count(*) filter (where records.place = events.place) as records_shown,
        count(*) filter (where records.place > events.place) as records_later
    from places_of_records as records
    inner join places_of_events as events on records.event_id = events.event_id
)

select
    events.event_count as events,
    compared.records_shown as records_shown,
    compared.records_later as records_later
from compared
cross join events
where
    compared.records_later > 0
    or compared.records_shown <> events.event_count
