CREATE TABLE duckhouse_marts.dim_devices
(
    `device_id` String COMMENT 'The id of the device, unchanged.',
    `firmware_version` Nullable(String) COMMENT 'The current firmware; NULL of a device without a reading.',
    `firmware_since` Nullable(DateTime64(6, 'UTC')) COMMENT 'The first reading with the current firmware, UTC.',
    `firmware_versions` Int64 COMMENT 'Versions of its firmware in dim_devices_history.',
    `first_reading_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'Its first reading, UTC.',
    `last_reading_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'Its last reading, UTC, without those of a clock that is ahead.',
    `active_days` Int64 COMMENT 'Days with a reading.',
    `received` Int64 COMMENT 'Messages.',
    `readings` Int64 COMMENT 'Readings.',
    `invalid` Int64 COMMENT 'Messages that are not readings.',
    `duplicates` Int64 COMMENT 'Messages that repeat a reading with the same values.',
    `conflicts` Int64 COMMENT 'Messages that repeat a reading with other values.',
    `late` Int64 COMMENT 'Late messages.',
    `early` Int64 COMMENT 'Early messages.',
    `gaps` Int64 COMMENT 'Gaps between two readings of a day.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per device_id that any message names: its current firmware, its first and last reading, and figures of its life.\nThe member unknown stands for invalid messages without a key, where there are some. Devices of which no message is valid have no firmware.\n'
