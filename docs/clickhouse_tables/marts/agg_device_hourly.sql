CREATE TABLE duckhouse_marts.agg_device_hourly
(
    `device_id` String COMMENT 'The id of the device, unchanged.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `hour` Int64 COMMENT 'Hour of the day in UTC, 0 to 23.',
    `readings` Int64 COMMENT 'Readings.',
    `messages` Int64 COMMENT 'Their messages, repeats included.',
    `temperature_min` Decimal(38, 6) COMMENT 'Lowest temperature, degrees Celsius.',
    `temperature_max` Decimal(38, 6) COMMENT 'Highest temperature, degrees Celsius.',
    `temperature_mean` Decimal(38, 6) COMMENT 'Mean temperature, degrees Celsius.',
    `humidity_min` Decimal(38, 6) COMMENT 'Lowest relative humidity, percent.',
    `humidity_max` Decimal(38, 6) COMMENT 'Highest relative humidity, percent.',
    `humidity_mean` Decimal(38, 6) COMMENT 'Mean relative humidity, percent.',
    `pressure_readings` Int64 COMMENT 'Readings with a pressure.',
    `pressure_min` Nullable(Decimal(38, 6)) COMMENT 'Lowest pressure, hectopascal; NULL without one.',
    `pressure_max` Nullable(Decimal(38, 6)) COMMENT 'Highest pressure, hectopascal; NULL without one.',
    `pressure_mean` Nullable(Decimal(38, 6)) COMMENT 'Mean pressure, hectopascal; NULL without one.',
    `_day_version` LowCardinality(String) COMMENT 'State of the deliveries behind the day, and of what joined dimensions say of it; a run rebuilds the days whose version differs\nfrom the parent model.'
)
ENGINE = MergeTree
PARTITION BY (toYYYYMMDD(event_date))
ORDER BY (device_id, hour)
SETTINGS allow_nullable_key = 1, default_compression_codec = 'ZSTD(1)', index_granularity = 1024, replicated_deduplication_window = '0'
COMMENT 'One row per device_id, event_date and hour (UTC) with readings: how many, and minimum, maximum and mean of each measure.\nRebuilt by day. Means are decimals, cut after six decimals, so that both engines have the same.\n'
