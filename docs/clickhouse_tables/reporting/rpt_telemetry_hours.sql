CREATE VIEW duckhouse_reporting.rpt_telemetry_hours
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `hour` Int64 COMMENT 'Hour of the day in UTC, 0 to 23.',
    `devices` Int64 COMMENT 'Devices with a reading.',
    `readings` Int64 COMMENT 'Readings.',
    `temperature_lowest` Nullable(Decimal(38, 6)) COMMENT 'Lowest reading of the fleet, degrees Celsius; NULL without readings.',
    `temperature_mean` Nullable(Decimal(38, 6)) COMMENT 'Mean of the means of device and hour, degrees Celsius, so that a device that floods weighs no more than the others.\n',
    `temperature_highest` Nullable(Decimal(38, 6)) COMMENT 'Highest reading of the fleet, degrees Celsius; NULL without readings.',
    `humidity_mean` Nullable(Decimal(38, 6)) COMMENT 'Mean of the means of devices, relative humidity in percent.'
)
COMMENT 'One row per UTC day and hour with readings: how warm and humid is it where devices are, hour by hour? Asked by device operations.\n'
AS WITH
    counted AS
    (
        SELECT
            hourly.event_date AS event_date,
            hourly.hour AS hour,
            count(*) AS devices,
            sum(hourly.readings) AS readings,
            min(hourly.temperature_min) AS temperature_lowest,
            CAST(if(coalesce(count(*), 0) = 0, NULL, divideDecimal(sum(hourly.temperature_mean) * 1, CAST(if(coalesce(count(*), 0) = 0, 1, count(*)), 'Decimal(38, 0)'), 6)), 'Nullable(Decimal(38, 6))') AS temperature_mean,
            max(hourly.temperature_max) AS temperature_highest,
            CAST(if(coalesce(count(*), 0) = 0, NULL, divideDecimal(sum(hourly.humidity_mean) * 1, CAST(if(coalesce(count(*), 0) = 0, 1, count(*)), 'Decimal(38, 0)'), 6)), 'Nullable(Decimal(38, 6))') AS humidity_mean
        FROM duckhouse_marts.agg_device_hourly AS hourly
        GROUP BY
            hourly.event_date,
            hourly.hour
    ),
    final AS
    (
        SELECT
            CAST(counted.event_date, 'Date32') AS event_date,
            CAST(counted.hour, 'Int64') AS hour,
            CAST(counted.devices, 'Int64') AS devices,
            CAST(counted.readings, 'Int64') AS readings,
            CAST(counted.temperature_lowest, 'Nullable(Decimal(38, 6))') AS temperature_lowest,
            CAST(counted.temperature_mean, 'Nullable(Decimal(38, 6))') AS temperature_mean,
            CAST(counted.temperature_highest, 'Nullable(Decimal(38, 6))') AS temperature_highest,
            CAST(counted.humidity_mean, 'Nullable(Decimal(38, 6))') AS humidity_mean
        FROM counted
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
