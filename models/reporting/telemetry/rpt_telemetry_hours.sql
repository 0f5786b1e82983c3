with counted as (
    select
        hourly.event_date as event_date,
        hourly.hour as hour,
        count(*) as devices,
        sum(hourly.readings) as readings,
        min(hourly.temperature_min) as temperature_lowest,
        {{ share_of('sum(hourly.temperature_mean)', '1', 'count(*)') }} as temperature_mean,
        max(hourly.temperature_max) as temperature_highest,
        {{ share_of('sum(hourly.humidity_mean)', '1', 'count(*)') }} as humidity_mean
    from {{ ref('agg_device_hourly') }} as hourly
    group by hourly.event_date, hourly.hour
),

final as (
    select
        {{ declared_columns('counted') | indent(8) }}
    from counted
)

select * from final
