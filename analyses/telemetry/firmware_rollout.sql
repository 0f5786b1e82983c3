-- How far has each firmware come?
-- Asked by device operations. A device counts for each firmware with which it has readings on a day, so on the day of its upgrade
-- for two. device_share is of the devices with readings on the day.
-- One row per day and firmware.
with days as (
    select
        event_date,
        count(distinct device_id) as active_devices
    from {{ ref('agg_telemetry_quality_daily') }}
    where readings > 0
    group by event_date
)

select
    quality.event_date as event_date,
    quality.firmware_version as firmware_version,
    count(*) as devices,
    {{ ratio('count(*)', 'max(days.active_devices)') }} as device_share,
    sum(quality.readings) as firmware_readings
from {{ ref('agg_telemetry_quality_daily') }} as quality
inner join days on quality.event_date = days.event_date
where quality.readings > 0
group by quality.event_date, quality.firmware_version
order by quality.event_date asc, quality.firmware_version asc
