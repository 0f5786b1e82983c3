CREATE TABLE duckhouse_quality.fct_ad_delivery_event_records
(
    `_delivery_id` String COMMENT 'Delivery of the record that is shown.',
    `_delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.',
    `_source_file` String COMMENT 'The table of the database.',
    `records_read` Int64 COMMENT 'Records that the extraction read as new, changed or deleted.',
    `records_landed` Int64 COMMENT 'Records that reached staging.',
    `records_rejected` Int64 COMMENT 'Always 0; PostgreSQL hands out nothing that cannot be read.',
    `records_blank` Int64 COMMENT 'Always 0.',
    `records_current` Int64 COMMENT 'Records that fct_ad_delivery_hourly counts.',
    `records_replaced` Int64 COMMENT 'Records that a later one of the same row replaced.',
    `records_deleted` Int64 COMMENT 'Deletions that hold, so the row is in no other mart. The records of the row before them are replaced.',
    `records_set_aside` Int64 COMMENT 'Records in fct_ad_delivery_set_aside, which no day can hold.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per delivery and table of events (impressions, clicks): what became of each record.\nrecords_read = records_landed + records_rejected + records_blank; records_landed = records_current + records_replaced + records_deleted + records_set_aside. Only the newest record of a row is not replaced: it is current where it has a time, set aside where it has none, and deleted where it says that the row is gone.\n'
