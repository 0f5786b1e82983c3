CREATE VIEW duckhouse_reporting.rpt_telemetry_faulty_devices
(
    `device_id` String COMMENT 'The id of the device, unchanged.',
    `firmware_version` Nullable(String) COMMENT 'The current firmware; NULL of a device without a reading.',
    `open_findings` Int64 COMMENT 'Open findings that name the device, acknowledged ones among them.',
    `open_errors` Int64 COMMENT 'Those of them that are errors.',
    `findings` Nullable(String) COMMENT 'Titles of the rules that found them, with commas between them; NULL where none did.',
    `last_day_of_findings` Nullable(Date32) COMMENT 'The last UTC day that they are about.',
    `last_reading_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'Its last reading, UTC, without those of a clock that is ahead.',
    `received` Int64 COMMENT 'Messages.',
    `readings` Int64 COMMENT 'Readings.',
    `invalid` Int64 COMMENT 'Messages that are no readings.',
    `conflicts` Int64 COMMENT 'Messages that repeat a reading with other values.',
    `late` Int64 COMMENT 'Valid messages that are late, repeats included.',
    `gaps` Int64 COMMENT 'Pauses between two readings of the day that are longer than dq_gap_intervals times the usual one.',
    `faults` Int64 COMMENT 'Messages that are invalid, in conflict or late, and gaps.'
)
COMMENT 'One row per device that an open finding is about, or that has messages that are invalid, in conflict or late, or pauses within a day: which devices need a look, and what did the rules find? Asked by device operations.\nRules see what counts of a day do not: a device that repeats a value, counts in another unit or pauses over midnight.\n'
AS WITH
    findings AS
    (
        SELECT
            arrayMap((given, text) -> multiIf((text IS NULL) AND ((given IS NULL) OR isValidJSON(assumeNotNull(given))), NULL, (NOT match(text, '^[[{]|^-?[0-9][-+.eE0-9]*$')) AND (NOT startsWith(given, char(239, 187, 191))) AND (NOT multiIf(length(given) <= 1000, false, (length(given) - length(replaceAll(replaceAll(given, '[', ''), '{', ''))) > 1000)), text, JSONExtract(multiIf(multiIf(length(given) <= 1000, false, (length(given) - length(replaceAll(replaceAll(given, '[', ''), '{', ''))) > 1000), NULL, match(given, '^[ \t\n\r]*(?:"(?:[^"\\134[:cntrl:]]|\\177|\\134(?:["\\134/bfnrt]|u[0-9a-fA-F]{4}))*"|true|false|null|0|-?[1-9][0-9]{0,17})?(?:[[{][ \t\n\r]*(?:"(?:[^"\\134[:cntrl:]]|\\177|\\134(?:["\\134/bfnrt]|u[0-9a-fA-F]{4}))*"|true|false|null|0|-?[1-9][0-9]{0,17})?|[:,][ \t\n\r]*(?:(?:"(?:[^"\\134[:cntrl:]]|\\177|\\134(?:["\\134/bfnrt]|u[0-9a-fA-F]{4}))*"|true|false|null|0|-?[1-9][0-9]{0,17})|[[{][ \t\n\r]*(?:"(?:[^"\\134[:cntrl:]]|\\177|\\134(?:["\\134/bfnrt]|u[0-9a-fA-F]{4}))*"|true|false|null|0|-?[1-9][0-9]{0,17})?)|[]} \t\n\r])*$'), given, match(given, '^[ \t\n\r]*(?:"(?:[^"\\134[:cntrl:]]|\\177|\\134(?:["\\134/bfnrt]|u[0-9a-fA-F]{4}))*"|true|false|null|-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?)?(?:[[{][ \t\n\r]*(?:"(?:[^"\\134[:cntrl:]]|\\177|\\134(?:["\\134/bfnrt]|u[0-9a-fA-F]{4}))*"|true|false|null|-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?)?|[:,][ \t\n\r]*(?:(?:"(?:[^"\\134[:cntrl:]]|\\177|\\134(?:["\\134/bfnrt]|u[0-9a-fA-F]{4}))*"|true|false|null|-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?)|[[{][ \t\n\r]*(?:"(?:[^"\\134[:cntrl:]]|\\177|\\134(?:["\\134/bfnrt]|u[0-9a-fA-F]{4}))*"|true|false|null|-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?)?)|[]} \t\n\r])*$'), replaceAll(replaceAll(replaceRegexpAll(given, '("(?:[^"\\134[:cntrl:]]|\\177|\\134(?:["\\134/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?)([ \t\n\r]*(?:[],}]|$))', '\\1\\2\\3'), '', ''), '', '"'), NULL), 'device_id', 'Nullable(String)')), [evidence], [JSONExtract(evidence, 'device_id', 'Nullable(String)')])[1] AS device_id,
            title,
            severity,
            event_date
        FROM duckhouse_reporting.rpt_quality_findings
        WHERE (source = 'telemetry') AND is_open
    ),
    of_rules AS
    (
        SELECT
            device_id,
            title,
            count(*) AS finding_count,
            countIf(severity = 'error') AS error_count,
            max(event_date) AS last_day
        FROM findings
        WHERE device_id IS NOT NULL
        GROUP BY
            device_id,
            title
    ),
    found AS
    (
        SELECT
            device_id,
            sum(finding_count) AS finding_count,
            sum(error_count) AS error_count,
            max(last_day) AS last_day,
            replaceAll(arrayStringConcat(arraySort(groupArray(title)), ','), ',', ', ') AS titles
        FROM of_rules
        GROUP BY device_id
    ),
    final AS
    (
        SELECT
            CAST(devices.device_id, 'String') AS device_id,
            CAST(devices.firmware_version, 'Nullable(String)') AS firmware_version,
            CAST(coalesce(found.finding_count, 0), 'Int64') AS open_findings,
            CAST(coalesce(found.error_count, 0), 'Int64') AS open_errors,
            CAST(found.titles, 'Nullable(String)') AS findings,
            CAST(found.last_day, 'Nullable(Date32)') AS last_day_of_findings,
            CAST(devices.last_reading_at, 'Nullable(DateTime64(6, \'UTC\'))') AS last_reading_at,
            CAST(devices.received, 'Int64') AS received,
            CAST(devices.readings, 'Int64') AS readings,
            CAST(devices.invalid, 'Int64') AS invalid,
            CAST(devices.conflicts, 'Int64') AS conflicts,
            CAST(devices.late, 'Int64') AS late,
            CAST(devices.gaps, 'Int64') AS gaps,
            CAST(devices.faults, 'Int64') AS faults
        FROM duckhouse_reporting.rpt_telemetry_devices AS devices
        LEFT JOIN found ON devices.device_id = found.device_id
        WHERE (devices.faults > 0) OR (found.finding_count > 0)
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
