CREATE VIEW duckhouse_reporting.rpt_telemetry_firmware
(
    `firmware_version` String COMMENT 'The firmware that messages name.',
    `devices` Int64 COMMENT 'Devices that ever had it.',
    `devices_now` Int64 COMMENT 'Devices whose latest firmware it is.',
    `messages` Int64 COMMENT 'Valid messages, repeats included.',
    `duplicate_share` Nullable(Float64) COMMENT 'Part of the messages that repeats a reading with the same values.',
    `conflict_share` Nullable(Float64) COMMENT 'Part of the messages that repeats a reading with other values.',
    `late_share` Nullable(Float64) COMMENT 'Part of the messages that is late.',
    `early_share` Nullable(Float64) COMMENT 'Part of the messages that is early.',
    `gaps_a_device_day` Nullable(Float64) COMMENT 'How often a device that runs it pauses on a day.'
)
COMMENT 'One row per firmware: how many devices run it, and which firmware repeats, contradicts or delays its readings? Asked by device operations. Shares are of the valid messages of the firmware, because an invalid message tells none.\n'
AS WITH
    counted AS
    (
        SELECT
            quality.firmware_version AS firmware_version,
            count(*) AS device_days,
            countDistinct(quality.device_id) AS devices,
            countDistinct(multiIf(devices.firmware_version = quality.firmware_version, quality.device_id, NULL)) AS devices_now,
            sum(quality.valid) AS messages,
            sum(quality.duplicates) AS duplicates,
            sum(quality.conflicts) AS conflicts,
            sum(quality.late) AS late,
            sum(quality.early) AS early,
            sum(quality.gaps) AS gaps
        FROM duckhouse_marts.agg_telemetry_quality_daily AS quality
        INNER JOIN duckhouse_marts.dim_devices AS devices ON quality.device_id = devices.device_id
        WHERE quality.valid > 0
        GROUP BY quality.firmware_version
    ),
    final AS
    (
        SELECT
            CAST(counted.firmware_version, 'String') AS firmware_version,
            CAST(counted.devices, 'Int64') AS devices,
            CAST(counted.devices_now, 'Int64') AS devices_now,
            CAST(counted.messages, 'Int64') AS messages,
            CAST(CAST(counted.duplicates, 'Nullable(Float64)') / nullIf(CAST(counted.messages, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS duplicate_share,
            CAST(CAST(counted.conflicts, 'Nullable(Float64)') / nullIf(CAST(counted.messages, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS conflict_share,
            CAST(CAST(counted.late, 'Nullable(Float64)') / nullIf(CAST(counted.messages, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS late_share,
            CAST(CAST(counted.early, 'Nullable(Float64)') / nullIf(CAST(counted.messages, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS early_share,
            CAST(CAST(counted.gaps, 'Nullable(Float64)') / nullIf(CAST(counted.device_days, 'Nullable(Float64)'), 0), 'Nullable(Float64)') AS gaps_a_device_day
        FROM counted
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
