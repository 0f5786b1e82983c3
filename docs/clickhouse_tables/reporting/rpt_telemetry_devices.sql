CREATE VIEW duckhouse_reporting.rpt_telemetry_devices
(
    `device_id` String COMMENT 'The id of the device, unchanged.',
    `firmware_version` Nullable(String) COMMENT 'The current firmware; NULL of a device without a reading.',
    `firmware_versions` Int64 COMMENT 'Versions of its firmware in dim_devices_history.',
    `last_reading_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'Its last reading, UTC, without those of a clock that is ahead.',
    `is_silent` Bool COMMENT 'Whether it has no reading in the hours (var silent_hours) before the last timely reading of the fleet, or never had one.\n',
    `hours_silent` Nullable(Int64) COMMENT 'Whole hours from its last reading to that of the fleet; NULL where it has none.',
    `received` Int64 COMMENT 'Messages.',
    `readings` Int64 COMMENT 'Readings.',
    `invalid` Int64 COMMENT 'Messages that are no readings.',
    `duplicates` Int64 COMMENT 'Messages that repeat a reading with the same values.',
    `conflicts` Int64 COMMENT 'Messages that repeat a reading with other values.',
    `late` Int64 COMMENT 'Valid messages that are late, repeats included.',
    `early` Int64 COMMENT 'Valid messages that are early, repeats included.',
    `gaps` Int64 COMMENT 'Pauses between two readings of the day that are longer than dq_gap_intervals times the usual one.',
    `faults` Int64 COMMENT 'Messages that are invalid, in conflict or late, and gaps; devices to look at are ranked by it.'
)
COMMENT 'One row per device that any message names: which devices have stopped sending, since when, and which send what is wrong? Asked by device operations.\nClocks that are ahead move no last reading. The member unknown stands for invalid messages without a key.\n'
AS WITH
    fleet AS
    (
        SELECT max(last_reading_at) AS last_of_fleet
        FROM duckhouse_marts.dim_devices
        WHERE readings > early
    ),
    devices AS
    (
        SELECT
            known.*,
            dateDiff('microsecond', known.last_reading_at, fleet.last_of_fleet) AS micros_silent
        FROM duckhouse_marts.dim_devices AS known
        CROSS JOIN fleet
    ),
    final AS
    (
        SELECT
            CAST(devices.device_id, 'String') AS device_id,
            CAST(devices.firmware_version, 'Nullable(String)') AS firmware_version,
            CAST(devices.firmware_versions, 'Int64') AS firmware_versions,
            CAST(devices.last_reading_at, 'Nullable(DateTime64(6, \'UTC\'))') AS last_reading_at,
            CAST(coalesce(devices.micros_silent >= (24 * 3600000000), true), 'Bool') AS is_silent,
            CAST(floor(devices.micros_silent / 3600000000), 'Nullable(Int64)') AS hours_silent,
            CAST(devices.received, 'Int64') AS received,
            CAST(devices.readings, 'Int64') AS readings,
            CAST(devices.invalid, 'Int64') AS invalid,
            CAST(devices.duplicates, 'Int64') AS duplicates,
            CAST(devices.conflicts, 'Int64') AS conflicts,
            CAST(devices.late, 'Int64') AS late,
            CAST(devices.early, 'Int64') AS early,
            CAST(devices.gaps, 'Int64') AS gaps,
            CAST(((devices.invalid + devices.conflicts) + devices.late) + devices.gaps, 'Int64') AS faults
        FROM devices
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
