{%- set days = incremental_by_day('fct_ad_events_daily', order_by=['campaign_id']) %}

with performance as (
    select
        event_date,
        campaign_id,
        count(distinct publisher_id) as publisher_count,
        {{ sums_of_measures() }},
        max(_day_version) as day_version
    from {{ ref('fct_ad_events_daily') }}
    where {{ in_days('event_date', days) }}
    group by event_date, campaign_id
),

final as (
    select
        event_date,
        campaign_id,
        {{ cast_to('publisher_count', 'integer') }} as active_publishers,
        {{ measures_and_rates() }},
        day_version as _day_version
    from performance
)

select * from final
