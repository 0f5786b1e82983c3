CREATE TABLE duckhouse_marts.agg_telemetry_quality_daily
(
    `event_date` Date32 COMMENT 'The UTC day of the readings, and of invalid messages the one on which they were produced.',
    `device_id` String COMMENT 'The id of the device, unchanged.',
    `firmware_version` String COMMENT 'The firmware that messages name; unknown of invalid ones.',
    `received` Int64 COMMENT 'Messages.',
    `valid` Int64 COMMENT 'Messages that are readings, or repeat one.',
    `readings` Int64 COMMENT 'Readings.',
    `duplicates` Int64 COMMENT 'Messages that repeat a reading with the same values.',
    `conflicts` Int64 COMMENT 'Messages that repeat a reading with other values.',
    `invalid` Int64 COMMENT 'Messages that are not readings.',
    `invalid_not_json` Int64 COMMENT 'Messages that are not JSON.',
    `invalid_not_an_object` Int64 COMMENT 'Messages that are JSON, but not an object.',
    `invalid_duplicate_field` Int64 COMMENT 'Messages that name a field twice.',
    `invalid_empty_message` Int64 COMMENT 'Messages without a value.',
    `invalid_too_large` Int64 COMMENT 'Messages that are too large.',
    `invalid_missing_field` Int64 COMMENT 'Messages without a field that is required.',
    `invalid_wrong_type` Int64 COMMENT 'Messages with a value of another type.',
    `invalid_bad_timestamp` Int64 COMMENT 'Messages with an unreadable time.',
    `invalid_out_of_range` Int64 COMMENT 'Messages with a value outside of its range.',
    `invalid_unparsable_timestamp` Int64 COMMENT 'Messages with a time that is not in 1900 to 2299.',
    `late` Int64 COMMENT 'Valid messages that are late, repeats included.',
    `early` Int64 COMMENT 'Valid messages that are early, repeats included.',
    `gaps` Int64 COMMENT 'Pauses between two readings of the day that are longer than dq_gap_intervals times the usual one.',
    `_day_version` LowCardinality(String) COMMENT 'State of the deliveries behind the day, and of what joined dimensions say of it; a run rebuilds the days whose version differs\nfrom the parent model.'
)
ENGINE = MergeTree
PARTITION BY (toYYYYMMDD(event_date))
ORDER BY (device_id, firmware_version)
SETTINGS allow_nullable_key = 1, default_compression_codec = 'ZSTD(1)', index_granularity = 1024, replicated_deduplication_window = '0'
COMMENT 'One row per event_date, device_id and firmware_version: what became of its messages.\nA valid message counts for the day of its reading, an invalid one for the UTC day on which it was produced. received = valid + invalid; valid = readings + duplicates + conflicts. Invalid messages without a key are of the device unknown, and all invalid ones of the firmware unknown; repaired ones count as valid. Rebuilt by day.\n'
