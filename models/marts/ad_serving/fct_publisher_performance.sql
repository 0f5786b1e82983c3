{%- set days = incremental_by_day('fct_ad_events_daily', order_by=['publisher_id']) %}

with daily as (
    select * from {{ ref('fct_ad_events_daily') }}
    where {{ in_days('event_date', days) }}
),

performance as (
    select
        event_date,
        reporting_date,
        publisher_id,
        count(distinct ad_unit_id) as ad_unit_count,
        count(distinct campaign_id) as campaign_count,
        {{ sums_of_measures() }},
        max(_day_version) as day_version
    from daily
    group by event_date, reporting_date, publisher_id
),

final as (
    select
        event_date,
        reporting_date,
        publisher_id,
        {{ cast_to('ad_unit_count', 'integer') }} as active_ad_units,
        {{ cast_to('campaign_count', 'integer') }} as active_campaigns,
        {{ measures_and_rates() }},
        day_version as _day_version
    from performance
)

select * from final
