with late as (
    select
        events.first_delivery_id || '|' || {{ cast_to('events.event_date', 'text') }} as delivery_and_day,
        events.event_date as event_date,
        count(*) as late_events,
        sum(events.revenue_usd) as late_revenue,
        {{ cast_to('events.first_delivery_id', 'text') }} as late_delivery
    from {{ ref('fct_ad_events') }} as events
    inner join {{ ref('int_ad_serving__publications') }} as publications
        on
            events.first_delivery_id = publications._delivery_id
            and events.event_date = publications.event_date
    where publications.publication = 'restatement'
    group by events.first_delivery_id, events.event_date
)

{{ findings(
    'late', key='delivery_and_day', day='event_date', observed=cast_to('late_events', 'text') ~ " || ' events'",
    expected="'none once the day was published'", records='late_events', impact='late_revenue',
    first='late_delivery', last='late_delivery'
) }}
