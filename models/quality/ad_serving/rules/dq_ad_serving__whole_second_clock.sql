with clocks as (
    select
        publisher_id,
        event_date,
        count(*) as events,
        count(*) filter (where {{ is_whole_second('event_at') }}) as on_the_second,
        sum(case when {{ is_whole_second('event_at') }} then revenue_usd else 0 end) as revenue_on_the_second,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell
    from {{ ref('fct_ad_events') }}
    where publisher_id is not null
    group by publisher_id, event_date
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
    numbers=['events', 'on_the_second', 'on_the_second_expected'], first='first_of_cell', last='last_of_cell'
) }}
