-- Where do two messages of one reading say different things?
-- Asked by device operations. The reading that counts is the message that was produced first; differences are the other
-- message minus that one. seconds_later is how much later the other was produced, NULL where the broker kept no time.
-- One row per conflicting message, largest difference of temperature first. Degrees Celsius, percent.
select
    repeats.reading_id as reading_id,
    repeats.device_id as device_id,
    repeats.event_at as event_at,
    readings.temperature as temperature,
    repeats.temperature as other_temperature,
    repeats.temperature - readings.temperature as temperature_difference,
    repeats.humidity - readings.humidity as humidity_difference,
    readings.firmware_version as firmware_version,
    repeats.firmware_version as other_firmware_version,
    {{ cast_to(
        "floor(date_diff('microsecond', readings._produced_at, repeats._produced_at) / 1000000)", 'integer_nullable'
    ) }} as seconds_later,
    repeats._source_file as _source_file,
    repeats._source_row as _source_row
from {{ ref('fct_device_reading_repeats') }} as repeats
inner join {{ ref('fct_device_readings') }} as readings
    on
        repeats.reading_id = readings.reading_id
        and repeats.event_date = readings.event_date
where repeats.is_conflict
order by
    abs(repeats.temperature - readings.temperature) desc,
    repeats._source_file asc,
    repeats._source_row asc
