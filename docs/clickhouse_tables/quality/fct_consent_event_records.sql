CREATE TABLE duckhouse_quality.fct_consent_event_records
(
    `_delivery_id` String COMMENT 'Delivery of the record that is shown.',
    `_delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.',
    `_source_file` String COMMENT 'File of the record, relative to its drop.',
    `records_read` Int64 COMMENT 'Records in the file.',
    `records_landed` Int64 COMMENT 'Records that reached staging.',
    `records_rejected` Int64 COMMENT 'Records that no row could be made of (stg_consent__rejected).',
    `records_blank` Int64 COMMENT 'Blank lines.',
    `records_current` Int64 COMMENT 'Records shown in fct_consent_events.',
    `records_replaced_in_delivery` Int64 COMMENT 'Usable records that a later one of the same delivery replaces.',
    `records_replaced_by_delivery` Int64 COMMENT 'Usable records that a later delivery replaces.',
    `records_set_aside` Int64 COMMENT 'Records without an id, a readable time or a usable rate.',
    `records_retracted` Int64 COMMENT 'Records of a delivery that was taken back; they are in no other column.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per delivered event file: what became of each of its records.\nrecords_read = records_landed + records_rejected + records_blank; records_landed = records_current + records_replaced_in_delivery + records_replaced_by_delivery + records_set_aside + records_retracted.\n'
