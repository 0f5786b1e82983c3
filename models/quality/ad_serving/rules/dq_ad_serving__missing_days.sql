with days as (
    select
        hours.event_date as event_date,
        {{ cast_to('sum(hours.events)', 'integer') }} as events,
        min(hours.first_of_cell) as first_of_day,
        max(hours.last_of_cell) as last_of_day
    from {{ ref('int_ad_serving__publisher_hours') }} as hours
    group by hours.event_date
),

middle as (
    select {{ median('events') }} as events
    from days
),

{# a handful of events with a wrong time do not count as a day #}
delivered as (
    select
        days.*,
        lag({{ cast_to('days.event_date', 'date_nullable') }}) over (order by days.event_date) as previous_date
    from days
    cross join middle
    where 10 * days.events > middle.events
),

gaps as (
    select
        *,
        {{ cast_to("date_diff('day', previous_date, event_date) - 1", 'integer_nullable') }} as days_missing
    from delivered
    where date_diff('day', previous_date, event_date) > 1
)

{{ findings(
    'gaps', key=cast_to('previous_date', 'text') ~ " || '|' || " ~ cast_to('event_date', 'text'), day='event_date',
    observed=cast_to('days_missing', 'text') ~ " || ' days without events'", expected="'events on each day'", records='0',
    numbers=['days_missing'], texts=['previous_date', 'event_date'], first='first_of_day', last='last_of_day'
) }}
