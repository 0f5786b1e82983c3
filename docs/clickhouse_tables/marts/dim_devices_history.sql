CREATE TABLE duckhouse_marts.dim_devices_history
(
    `device_version_id` String COMMENT 'Key of the version; changes when a late reading moves its beginning, so it is never stored in a fact.',
    `device_id` String COMMENT 'The id of the device, unchanged.',
    `firmware_version` String COMMENT 'The firmware of the version.',
    `previous_firmware_version` Nullable(String) COMMENT 'The firmware before; NULL of the first version.',
    `version_number` Int64 COMMENT 'Number of the version of its key, from 1.',
    `valid_from` DateTime64(6, 'UTC') COMMENT 'The first reading with the firmware, UTC; of the first version 1900-01-01.',
    `valid_to` Nullable(DateTime64(6, 'UTC')) COMMENT 'The first reading with the next firmware, UTC; NULL of the current version.',
    `is_current` Bool COMMENT 'Whether no later version of the key is known.',
    `first_reading_at` DateTime64(6, 'UTC') COMMENT 'The first reading of the version, UTC.',
    `last_reading_at` DateTime64(6, 'UTC') COMMENT 'The last reading of the version, UTC.',
    `readings` Int64 COMMENT 'Readings of the version.',
    `first_delivery_id` LowCardinality(String) COMMENT 'Delivery that brought the event first.',
    `_delivery_id` LowCardinality(String) COMMENT 'Delivery of the record that is shown.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per version of a device_id: the firmware that it ran, and when, by the time of its readings (SCD2).\nA firmware that comes back is a version of its own. Readings that are late find their place, in any order of deliveries. Readings of a clock that is ahead (is_early) count only where a device has no others.\n'
