with days as (
    select
        event_date,
        count(distinct device_id) as active_devices
    from {{ ref('agg_telemetry_quality_daily') }}
    where readings > 0
    group by event_date
),

counted as (
    select
        quality.event_date as event_date,
        quality.firmware_version as firmware_version,
        count(*) as devices,
        sum(quality.readings) as readings
    from {{ ref('agg_telemetry_quality_daily') }} as quality
    where quality.readings > 0
    group by quality.event_date, quality.firmware_version
),

final as (
    select
        {{ declared_columns('counted', {
            'device_share': ratio('counted.devices', 'days.active_devices'),
        }) | indent(8) }}
    from counted
    inner join days on counted.event_date = days.event_date
)

select * from final
