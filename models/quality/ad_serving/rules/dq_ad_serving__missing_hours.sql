with hours as (
    select
        cells.event_date as event_date,
        cells.hour_of_day as hour_of_day,
        {{ cast_to('sum(cells.events)', 'integer') }} as events,
        min(cells.first_of_cell) as first_of_day,
        max(cells.last_of_cell) as last_of_day
    from {{ ref('int_ad_serving__publisher_hours') }} as cells
    group by cells.event_date, cells.hour_of_day
),

days as (
    select
        event_date,
        sum(events) as events,
        min(first_of_day) as first_of_cell,
        max(last_of_day) as last_of_cell
    from hours
    group by event_date
),

middle as (
    select {{ median('events') }} as events
    from days
),

full_days as (
    select days.*
    from days
    cross join middle
    where 2 * days.events > middle.events
),

profile as (
    select
        hours.hour_of_day as hour_of_day,
        {{ median('hours.events') }} as usual_events
    from hours
    inner join full_days on hours.event_date = full_days.event_date
    group by hours.hour_of_day
    having count(*) >= {{ var('dq_least_peers') }}
),

grid as (
    select
        full_days.event_date as event_date,
        profile.hour_of_day as hour_of_day,
        full_days.first_of_cell as first_of_cell,
        full_days.last_of_cell as last_of_cell,
        {{ cast_to('floor(profile.usual_events)', 'integer') }} as events_expected,
        {{ cast_to('coalesce(hours.events, 0)', 'integer') }} as events
    from full_days
    cross join profile
    left join hours
        on
            full_days.event_date = hours.event_date
            and profile.hour_of_day = hours.hour_of_day
),

missing as (
    select * from grid
    where {{ falls_short('events', 'events_expected') }}
)

{{ findings(
    'missing', key=cast_to('event_date', 'text') ~ " || '|' || " ~ cast_to('hour_of_day', 'text'), day='event_date',
    observed=cast_to('events', 'text') ~ " || ' events'", expected=cast_to('events_expected', 'text'), records='events',
    numbers=['hour_of_day', 'events', 'events_expected'], first='first_of_cell', last='last_of_cell'
) }}
