{%- set days = incremental_by_day('int_parking__zone_days', order_by=['zone']) %}

select
    sessions.event_date as event_date,
    {{ cast_to("coalesce(meters.zone, 'unknown')", 'text') }} as zone,
    {{ cast_to('count(*)', 'integer') }} as sessions,
    {{ cast_to('sum(coalesce(sessions.paid_eur, 0))', 'money') }} as paid_eur,
    {{ cast_to('max(days._day_version)', 'category') }} as _day_version
from {{ ref('fct_parking_sessions') }} as sessions
inner join {{ ref('int_parking__zone_days') }} as days on sessions.event_date = days.event_date
left join {{ ref('dim_meters') }} as meters on sessions.meter_id = meters.meter_id
where {{ in_days('sessions.event_date', days) }}
group by sessions.event_date, coalesce(meters.zone, 'unknown')
