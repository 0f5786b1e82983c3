CREATE VIEW duckhouse_reporting.rpt_telemetry_open_errors
(
    `device_id` String COMMENT 'The id of the device, unchanged.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `readings` Int64 COMMENT 'Readings.',
    `readings_found` Int64 COMMENT 'Readings behind the error that is about most of them; the other readings of the day may be right.\n',
    `rules` String COMMENT 'The rules that found the errors, with commas between them; dim_dq_rules has their words.'
)
COMMENT 'One row per device and UTC day with readings that an open error is about: which readings are in doubt, and why? Asked by device operations. They are part of the figures of the other views.\n'
AS WITH
    errors AS
    (
        SELECT
            finding_key,
            arrayStringConcat(arraySort(groupArray(rule_id)), ',') AS rules,
            max(record_count) AS most_records
        FROM duckhouse_quality.fct_dq_findings
        WHERE (source = 'telemetry') AND (severity = 'error') AND is_open
        GROUP BY finding_key
    ),
    device_days AS
    (
        SELECT
            quality.device_id AS device_id,
            quality.event_date AS event_date,
            sum(quality.readings) AS readings
        FROM duckhouse_marts.agg_telemetry_quality_daily AS quality
        WHERE quality.readings > 0
        GROUP BY
            quality.device_id,
            quality.event_date
    ),
    final AS
    (
        SELECT
            CAST(device_days.device_id, 'String') AS device_id,
            CAST(device_days.event_date, 'Date32') AS event_date,
            CAST(device_days.readings, 'Int64') AS readings,
            CAST(errors.most_records, 'Int64') AS readings_found,
            CAST(errors.rules, 'String') AS rules
        FROM device_days
        INNER JOIN errors ON concat(device_days.device_id, '|', CAST(device_days.event_date, 'String')) = errors.finding_key
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
