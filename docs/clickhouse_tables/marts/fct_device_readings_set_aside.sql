CREATE TABLE duckhouse_marts.fct_device_readings_set_aside
(
    `set_aside_reason` String COMMENT 'The code of the fault, or unparsable_timestamp.',
    `device_id` String COMMENT 'The device that the key of the message names; unknown where it has no key.',
    `firmware_version` String COMMENT 'unknown of an invalid message.',
    `event_date` Date32 COMMENT 'The UTC day on which the message was produced, or read where the broker keeps no time.',
    `is_repaired` Bool COMMENT 'Whether a replay has made a reading of it.',
    `fault_detail` Nullable(String) COMMENT 'The field, and what is wrong with it.',
    `_produced_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'The time that the broker keeps with the message, UTC; NULL where it keeps none.',
    `_consumed_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the message was read from Kafka, UTC.',
    `_delivery_id` LowCardinality(String) COMMENT 'Delivery of the record that is shown.',
    `_source_file` LowCardinality(String) COMMENT 'Topic, id of the topic and partition of the message.',
    `_source_row` Int64 COMMENT 'Offset of the message in its partition.'
)
ENGINE = MergeTree
ORDER BY (event_date)
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per message that is not a reading, with the reason: invalid messages, and those whose time is not in 1900 to 2299.\nOne that was repaired since has is_repaired, and is a reading too. Texts of invalid messages are in stg_telemetry__rejected.\n'
