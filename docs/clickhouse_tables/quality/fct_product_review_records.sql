CREATE TABLE duckhouse_quality.fct_product_review_records
(
    `_delivery_id` String COMMENT 'Delivery of the record that is shown.',
    `_delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.',
    `_source_file` String COMMENT 'File of the record, relative to its drop.',
    `records_read` Int64 COMMENT 'Records in the file.',
    `records_landed` Int64 COMMENT 'Records that reached staging.',
    `records_rejected` Int64 COMMENT 'Records that no row could be made of (stg_reviews__rejected).',
    `records_blank` Int64 COMMENT 'Blank lines.',
    `records_current` Int64 COMMENT 'Records shown in fct_product_reviews.',
    `records_replaced` Int64 COMMENT 'Usable records that a later one of the same review replaced.',
    `records_set_aside` Int64 COMMENT 'Records without a reviewer or a readable time.',
    `records_retracted` Int64 COMMENT 'Records of a delivery that was taken back; they are in no other column.',
    `total_votes_landed` Int64 COMMENT 'Votes on all its records.',
    `total_votes_current` Int64 COMMENT 'Votes on those that the fact shows.',
    `total_votes_replaced` Int64 COMMENT 'Votes on those that were replaced.',
    `total_votes_set_aside` Int64 COMMENT 'Votes on those that were set aside.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per delivered review file: what became of each of its records and votes.\nrecords_read = records_landed + records_rejected + records_blank; records_landed = records_current + records_replaced + records_set_aside + records_retracted.\n'
