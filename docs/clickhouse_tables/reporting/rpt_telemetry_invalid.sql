CREATE VIEW duckhouse_reporting.rpt_telemetry_invalid
(
    `event_date` Date32 COMMENT 'The UTC day on which the messages were produced, or read where the broker keeps no time.',
    `set_aside_reason` String COMMENT 'The code of the fault, or unparsable_timestamp.',
    `messages` Int64 COMMENT 'Messages.',
    `devices` Int64 COMMENT 'Devices that sent them.',
    `example` Nullable(String) COMMENT 'What is wrong with one of them.'
)
COMMENT 'One row per UTC day and reason: why are messages no readings, and of how many devices? Asked by device operations.\nRepaired messages are left out. Messages without a key count as one device, unknown.\n'
AS WITH
    counted AS
    (
        SELECT
            messages.event_date AS event_date,
            messages.set_aside_reason AS set_aside_reason,
            count(*) AS messages,
            countDistinct(messages.device_id) AS devices,
            min(messages.fault_detail) AS example
        FROM duckhouse_marts.fct_device_readings_set_aside AS messages
        WHERE NOT messages.is_repaired
        GROUP BY
            messages.event_date,
            messages.set_aside_reason
    ),
    final AS
    (
        SELECT
            CAST(counted.event_date, 'Date32') AS event_date,
            CAST(counted.set_aside_reason, 'String') AS set_aside_reason,
            CAST(counted.messages, 'Int64') AS messages,
            CAST(counted.devices, 'Int64') AS devices,
            CAST(counted.example, 'Nullable(String)') AS example
        FROM counted
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
