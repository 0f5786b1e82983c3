{{ config(materialized='table', schema='intermediate', contract={'enforced': false}) }}

with meters_of_days as (
    select distinct
        sessions.event_date as event_date,
        sessions._day_version as day_version,
        sessions.meter_id || '@' || meters._delivery_id as meter_version
    from {{ ref('fct_parking_sessions') }} as sessions
    left join {{ ref('dim_meters') }} as meters on sessions.meter_id = meters.meter_id
)

select
    event_date,
    max(day_version) || '/' || {{ md5_text(ordered_text_agg('meter_version')) }} as _day_version
from meters_of_days
group by event_date
