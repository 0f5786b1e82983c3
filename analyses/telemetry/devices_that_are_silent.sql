-- Which devices have stopped sending, and since when?
-- Asked by device operations. A device is silent where it has no reading in the 24 hours before the last timely reading of the
-- fleet. Clocks that are ahead move no last reading. Devices of which no message was ever valid come first.
-- One row per silent device. Hours, UTC.
with fleet as (
    select max(last_reading_at) as last_of_fleet
    from {{ ref('dim_devices') }}
    where readings > early
),

silent as (
    select
        devices.device_id as device_id,
        devices.firmware_version as firmware_version,
        devices.last_reading_at as last_reading_at,
        date_diff('microsecond', devices.last_reading_at, fleet.last_of_fleet) as micros_silent,
        devices.readings as readings,
        devices.invalid as invalid
    from {{ ref('dim_devices') }} as devices
    cross join fleet
)

select
    device_id,
    firmware_version,
    last_reading_at,
    {{ cast_to('floor(micros_silent / 3600000000)', 'integer_nullable') }} as hours_silent,
    readings,
    invalid
from silent
where coalesce(micros_silent >= 86400000000, true)
order by
    micros_silent desc nulls first,
    device_id asc
