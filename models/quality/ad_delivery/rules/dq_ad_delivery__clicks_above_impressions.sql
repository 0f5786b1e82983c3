{#
    a click follows its impression within seconds: from the day before, only impressions of the last hour can have led
    to it
#}
with days as (
    select
        campaign_id,
        event_date,
        {{ cast_to('sum(impressions)', 'integer') }} as shown,
        {{ cast_to('sum(case when hour = 23 then impressions else 0 end)', 'integer') }} as shown_at_the_end,
        {{ cast_to('sum(clicks)', 'integer') }} as clicked
    from {{ ref('fct_ad_delivery_hourly') }}
    where campaign_id is not null
    group by campaign_id, event_date
),

clickable as (
    select
        days.campaign_id as campaign_id,
        days.event_date as event_date,
        days.clicked as clicked,
        {{ cast_to('days.shown + coalesce(days_before.shown_at_the_end, 0)', 'integer') }} as shown
    from days
    left join days as days_before
        on
            days.campaign_id = days_before.campaign_id
            and days.event_date = days_before.event_date + interval 1 day
),

above as (
    select * from clickable
    where
        clicked > shown
        and clicked >= {{ var('dq_least_events') }}
),

final as (
    {{ with_deliveries_behind('above') | indent(4) }}
)

{{ findings(
    'final', key=campaign_and_day(), day='event_date', observed=cast_to('clicked', 'text') ~ " || ' clicks'",
    expected="'at most ' || " ~ cast_to('shown', 'text'), records='clicked', numbers=['campaign_id', 'clicked', 'shown'],
    first='first_of_cell', last='last_of_cell'
) }}
