CREATE VIEW duckhouse_reporting.rpt_telemetry_firmware_days
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `firmware_version` String COMMENT 'The firmware that messages name.',
    `devices` Int64 COMMENT 'Devices with a reading by the firmware.',
    `device_share` Nullable(Float64) COMMENT 'Part of the devices with a reading on the day.',
    `readings` Int64 COMMENT 'Readings.'
)
COMMENT 'One row per UTC day and firmware with readings: how far has each firmware come? Asked by device operations.\nA device counts for each firmware with which it has readings on the day, so on the day of its upgrade for two.\n'
AS WITH
    days AS
    (
        SELECT
            event_date,
            countDistinct(device_id) AS active_devices
        FROM duckhouse_marts.agg_telemetry_quality_daily
        WHERE readings > 0
        GROUP BY event_date
    ),
    counted AS
    (
        SELECT
            quality.event_date AS event_date,
            quality.firmware_version AS firmware_version,
            count(*) AS devices,
            sum(quality.readings) AS readings
        FROM duckhouse_marts.agg_telemetry_quality_daily AS quality
        WHERE quality.readings > 0
        GROUP BY
            quality.event_date,
            quality.firmware_version
    ),
    final AS
    (
        SELECT
            CAST(counted.event_date, 'Date32') AS event_date,
            CAST(counted.firmware_version, 'String') AS firmware_version,
            CAST(counted.devices, 'Int64') AS devices,
            CAST(CAST(counted.devices, 'Nullable(Float64)') / nullIf(CAST(days.active_devices, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS device_share,
            CAST(counted.readings, 'Int64') AS readings
        FROM counted
        INNER JOIN days ON counted.event_date = days.event_date
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
