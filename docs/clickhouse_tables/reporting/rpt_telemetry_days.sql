CREATE VIEW duckhouse_reporting.rpt_telemetry_days
(
    `event_date` Date32 COMMENT 'The UTC day of the readings, and of invalid messages the one on which they were produced.',
    `is_after_last_delivery` Bool COMMENT 'Whether the day is later than the day of the last delivery.',
    `devices` Int64 COMMENT 'Devices with a reading.',
    `received` Int64 COMMENT 'Messages.',
    `valid` Int64 COMMENT 'Messages that are a reading or repeat one.',
    `readings` Int64 COMMENT 'Readings.',
    `duplicates` Int64 COMMENT 'Messages that repeat a reading with the same values.',
    `conflicts` Int64 COMMENT 'Messages that repeat a reading with other values.',
    `invalid` Int64 COMMENT 'Messages that are no readings.',
    `late` Int64 COMMENT 'Valid messages that are late, repeats included.',
    `early` Int64 COMMENT 'Valid messages that are early, repeats included.',
    `gaps` Int64 COMMENT 'Pauses between two readings of the day that are longer than dq_gap_intervals times the usual one.',
    `temperature_lowest` Nullable(Decimal(38, 6)) COMMENT 'Lowest reading of the fleet, degrees Celsius; NULL without readings.',
    `temperature_mean` Nullable(Decimal(38, 6)) COMMENT 'Mean of the means of device and hour, degrees Celsius, so that a device that floods weighs no more than the others.\n',
    `temperature_highest` Nullable(Decimal(38, 6)) COMMENT 'Highest reading of the fleet, degrees Celsius; NULL without readings.'
)
COMMENT 'One row per UTC day with a message: what became of the messages of the day, and how warm was it where devices are? Asked by device operations.\nA valid message counts for the day of its reading, an invalid one for the day on which it was produced. A day after the last delivery is the work of a clock that is ahead: it is flagged, and is never the latest day.\n'
AS WITH
    last_delivery AS
    (
        SELECT CAST(max(_delivered_at), 'Date32') AS delivery_day
        FROM duckhouse_quality.fct_device_reading_records
    ),
    counted AS
    (
        SELECT
            quality.event_date AS event_date,
            countDistinct(multiIf(quality.readings > 0, quality.device_id, NULL)) AS devices,
            sum(quality.received) AS received,
            sum(quality.valid) AS valid,
            sum(quality.readings) AS readings,
            sum(quality.duplicates) AS duplicates,
            sum(quality.conflicts) AS conflicts,
            sum(quality.invalid) AS invalid,
            sum(quality.late) AS late,
            sum(quality.early) AS early,
            sum(quality.gaps) AS gaps
        FROM duckhouse_marts.agg_telemetry_quality_daily AS quality
        GROUP BY quality.event_date
    ),
    measured AS
    (
        SELECT
            hourly.event_date AS event_date,
            min(hourly.temperature_min) AS temperature_lowest,
            CAST(if(coalesce(count(*), 0) = 0, NULL, divideDecimal(sum(hourly.temperature_mean) * 1, CAST(if(coalesce(count(*), 0) = 0, 1, count(*)), 'Decimal(38, 0)'), 6)), 'Nullable(Decimal(38, 6))') AS temperature_mean,
            max(hourly.temperature_max) AS temperature_highest
        FROM duckhouse_marts.agg_device_hourly AS hourly
        GROUP BY hourly.event_date
    ),
    final AS
    (
        SELECT
            CAST(counted.event_date, 'Date32') AS event_date,
            CAST(counted.event_date > last_delivery.delivery_day, 'Bool') AS is_after_last_delivery,
            CAST(counted.devices, 'Int64') AS devices,
            CAST(counted.received, 'Int64') AS received,
            CAST(counted.valid, 'Int64') AS valid,
            CAST(counted.readings, 'Int64') AS readings,
            CAST(counted.duplicates, 'Int64') AS duplicates,
            CAST(counted.conflicts, 'Int64') AS conflicts,
            CAST(counted.invalid, 'Int64') AS invalid,
            CAST(counted.late, 'Int64') AS late,
            CAST(counted.early, 'Int64') AS early,
            CAST(counted.gaps, 'Int64') AS gaps,
            CAST(measured.temperature_lowest, 'Nullable(Decimal(38, 6))') AS temperature_lowest,
            CAST(measured.temperature_mean, 'Nullable(Decimal(38, 6))') AS temperature_mean,
            CAST(measured.temperature_highest, 'Nullable(Decimal(38, 6))') AS temperature_highest
        FROM counted
        CROSS JOIN last_delivery
        LEFT JOIN measured ON counted.event_date = measured.event_date
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
