CREATE TABLE duckhouse_quality.fct_ad_event_records
(
    `_delivery_id` String COMMENT 'Delivery of the file.',
    `_delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.',
    `_source_file` String COMMENT 'File, relative to its drop.',
    `records_read` Int64 COMMENT 'Records in the raw file.',
    `records_landed` Int64 COMMENT 'Records that were read.',
    `records_rejected` Int64 COMMENT 'Records that could not be read; stg_ad_serving__rejected keeps them with their reason.',
    `records_blank` Int64 COMMENT 'Blank lines.',
    `records_current` Int64 COMMENT 'Records that are the latest of their event: rows of fct_ad_events.',
    `records_replaced_in_delivery` Int64 COMMENT 'Records that a later one of the same delivery replaces.',
    `records_replaced_by_delivery` Int64 COMMENT 'Records that a later delivery replaces.',
    `records_set_aside` Int64 COMMENT 'Records in fct_ad_events_set_aside.',
    `records_retracted` Int64 COMMENT 'Records of a delivery that was taken back; they are in no other column.',
    `revenue_usd_current` Decimal(38, 6) COMMENT 'US dollars in the current records, revenue_usd_as_delivered of fct_ad_events.',
    `revenue_usd_replaced_in_delivery` Decimal(38, 6) COMMENT 'US dollars in records that a later one of the same delivery replaces.',
    `revenue_usd_replaced_by_delivery` Decimal(38, 6) COMMENT 'US dollars in records that a later delivery replaces.',
    `revenue_usd_set_aside` Decimal(38, 6) COMMENT 'US dollars in the records set aside.',
    `revenue_usd_still_counting` Decimal(38, 6) COMMENT 'The part of the replaced revenue that fct_ad_events.revenue_usd still counts, because every later record says NULL.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per delivered events file: what became of every record in it, and of the revenue it carries.\nrecords_read = landed + rejected + blank, counted from the raw bytes; landed = current + replaced_in_delivery + replaced_by_delivery + set_aside + retracted, each counted by its own rule. The revenue as delivered of what is not retracted splits the same way, to the micro-dollar.\n'
