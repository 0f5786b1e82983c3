{# only events of units that were ever inactive; no others can be at fault #}
with doubtful as (
    select *
    from {{ ref('fct_ad_events') }}
    where ad_unit_id in (
        select units.ad_unit_id from {{ ref('dim_ad_units_history') }} as units
        where not units.is_active
    )
),

served as (
    select
        events.ad_unit_id || '|' || {{ cast_to('events.event_date', 'text') }} as unit_and_day,
        events.ad_unit_id as ad_unit_id,
        events.event_date as event_date,
        count(*) as events_served,
        sum(events.revenue_usd) as revenue_served,
        min({{ cast_to('events.first_delivery_id', 'text') }}) as first_of_day,
        max({{ cast_to('events._delivery_id', 'text') }}) as last_of_day
    from doubtful as events
    asof inner join {{ ref('dim_ad_units_history') }} as ad_units
        on
            events.ad_unit_id = ad_units.ad_unit_id
            and events.event_at >= ad_units.valid_from
    where not ad_units.is_active
    group by events.ad_unit_id, events.event_date
)

{{ findings(
    'served', key='unit_and_day', day='event_date', observed=cast_to('events_served', 'text') ~ " || ' events'",
    expected="'none while the unit is inactive'", records='events_served', impact='revenue_served',
    texts=['ad_unit_id'], first='first_of_day', last='last_of_day'
) }}
