with days as (
    select
        publisher_id,
        event_date,
        sum(events) as event_count,
        sum(on_the_second) as second_count,
        sum(revenue_on_the_second) as second_revenue,
        min(first_of_cell) as first_of_day,
        max(last_of_cell) as last_of_day
    from {{ ref('int_ad_serving__publisher_hours') }}
    where publisher_id is not null
    group by publisher_id, event_date
),

clocks as (
    select
        publisher_id,
        event_date,
        {{ cast_to('event_count', 'integer') }} as events,
        {{ cast_to('second_count', 'integer') }} as on_the_second,
        second_revenue as revenue_on_the_second,
        first_of_day as first_of_cell,
        last_of_day as last_of_cell
    from days
),

others as (
    select
        *,
        {{ cast_to('sum(events) over day - events', 'integer') }} as events_of_others,
        {{ cast_to('sum(on_the_second) over day - on_the_second', 'integer') }} as on_the_second_of_others
    from clocks
    window day as (partition by event_date)
),

expected as (
    select
        *,
        {{ share_of(cast_to('events', 'money'), 'on_the_second_of_others', 'events_of_others') }} as on_the_second_expected
    from others
),

coarse as (
    select * from expected
    where
        events_of_others >= {{ var('least_sampled') }}
        and {{ stands_out('on_the_second', 'on_the_second_expected') }}
)

{{ findings(
    'coarse', key="publisher_id || '|' || " ~ cast_to('event_date', 'text'), day='event_date',
    observed=cast_to('on_the_second', 'text') ~ " || ' of ' || " ~ cast_to('events', 'text') ~ " || ' on a whole second'",
    expected=number_text('on_the_second_expected'), records='on_the_second', impact='revenue_on_the_second',
    numbers=['events', 'on_the_second', 'on_the_second_expected'], texts=['publisher_id'], first='first_of_cell', last='last_of_cell'
) }}
