CREATE TABLE duckhouse_quality.fct_device_reading_records
(
    `_delivery_id` String COMMENT 'Delivery of the record that is shown.',
    `_delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.',
    `_source_file` String COMMENT 'Topic, id of the topic and partition of the message.',
    `records_read` Int64 COMMENT 'Messages that were read.',
    `records_landed` Int64 COMMENT 'Valid messages.',
    `records_rejected` Int64 COMMENT 'Messages that were invalid when they landed.',
    `records_blank` Int64 COMMENT 'Always 0.',
    `records_first` Int64 COMMENT 'Messages shown in fct_device_readings.',
    `records_duplicate` Int64 COMMENT 'Messages that repeat a reading with the same values.',
    `records_in_conflict` Int64 COMMENT 'Messages that repeat a reading with other values.',
    `records_untimed` Int64 COMMENT 'Messages whose time is not in 1900 to 2299.',
    `records_invalid` Int64 COMMENT 'Messages that are invalid.',
    `records_repaired` Int64 COMMENT 'Messages that a later delivery has as valid.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per delivery and partition: what became of each of its messages.\nrecords_read = records_landed + records_rejected + records_blank; records_landed = records_first + records_duplicate + records_in_conflict + records_untimed; records_rejected = records_invalid + records_repaired. A message that was repaired is in two deliveries: in one as rejected, in a later one as landed.\n'
