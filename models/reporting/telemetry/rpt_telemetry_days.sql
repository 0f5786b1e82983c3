with last_delivery as (
    select {{ cast_to('max(_delivered_at)', 'date') }} as delivery_day
    from {{ ref('fct_device_reading_records') }}
),

counted as (
    select
        quality.event_date as event_date,
        count(distinct case when quality.readings > 0 then quality.device_id end) as devices,
        sum(quality.received) as received,
        sum(quality.valid) as valid,
        sum(quality.readings) as readings,
        sum(quality.duplicates) as duplicates,
        sum(quality.conflicts) as conflicts,
        sum(quality.invalid) as invalid,
        sum(quality.late) as late,
        sum(quality.early) as early,
        sum(quality.gaps) as gaps
    from {{ ref('agg_telemetry_quality_daily') }} as quality
    group by quality.event_date
),

measured as (
    select
        hourly.event_date as event_date,
        min(hourly.temperature_min) as temperature_lowest,
        {{ share_of('sum(hourly.temperature_mean)', '1', 'count(*)') }} as temperature_mean,
        max(hourly.temperature_max) as temperature_highest
    from {{ ref('agg_device_hourly') }} as hourly
    group by hourly.event_date
),

final as (
    select
        {{ declared_columns('counted', {
            'is_after_last_delivery': 'counted.event_date > last_delivery.delivery_day',
            'temperature_lowest': 'measured.temperature_lowest',
            'temperature_mean': 'measured.temperature_mean',
            'temperature_highest': 'measured.temperature_highest',
        }) | indent(8) }}
    from counted
    cross join last_delivery
    left join measured on counted.event_date = measured.event_date
)

select * from final
