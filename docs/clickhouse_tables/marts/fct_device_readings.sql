CREATE TABLE duckhouse_marts.fct_device_readings
(
    `reading_id` String COMMENT 'Key of the reading, the device and the microseconds since 1970 of its time.',
    `device_id` String COMMENT 'The id of the device, unchanged.',
    `event_at` DateTime64(6, 'UTC') COMMENT 'When the device measured, by its own clock, UTC.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `temperature` Decimal(38, 6) COMMENT 'Degrees Celsius.',
    `humidity` Decimal(38, 6) COMMENT 'Relative humidity, percent.',
    `pressure` Nullable(Decimal(38, 6)) COMMENT 'Air pressure, hectopascal; NULL of firmware before v1.3.0.',
    `firmware_version` LowCardinality(String) COMMENT 'The firmware that the device ran.',
    `is_late` Bool COMMENT 'Whether the message was sent more than late_after_seconds of the declaration after the time of its reading.',
    `is_early` Bool COMMENT 'Whether the time of the reading is more than early_after_seconds of the declaration after its message was sent: the clock is ahead.',
    `record_count` Int64 COMMENT 'Messages of the reading, repeats included.',
    `_produced_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'The time that the broker keeps with the message, UTC; NULL where it keeps none.',
    `_consumed_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the message was read from Kafka, UTC.',
    `first_delivery_id` LowCardinality(String) COMMENT 'Delivery that brought the event first.',
    `_delivery_id` LowCardinality(String) COMMENT 'Delivery of the record that is shown.',
    `_source_file` LowCardinality(String) COMMENT 'Topic, id of the topic and partition of the message.',
    `_source_row` Int64 COMMENT 'Offset of the message in its partition.',
    `_day_version` LowCardinality(String) COMMENT 'State of the deliveries behind the day, and of what joined dimensions say of it; a run rebuilds the days whose version differs\nfrom the parent model.'
)
ENGINE = MergeTree
PARTITION BY (toYYYYMMDD(event_date))
ORDER BY (device_id, event_at)
SETTINGS allow_nullable_key = 1, default_compression_codec = 'ZSTD(1)', index_granularity = 1024, replicated_deduplication_window = '0'
COMMENT 'One row per reading_id: what a device measured at a time of its own clock. Of several messages with the same device and time the one that was produced first counts, as in the operational store; the others are in fct_device_reading_repeats.\nRebuilt by day: a reading that comes late is added to its day. Messages that are not readings are in fct_device_readings_set_aside. Values are rounded to six decimals.\n'
