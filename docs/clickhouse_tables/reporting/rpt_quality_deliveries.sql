CREATE TABLE duckhouse_reporting.rpt_quality_deliveries
(
    `source` String COMMENT 'Source system.',
    `source_label` String COMMENT 'The source system as a page calls it.',
    `delivery_id` String COMMENT 'Delivery; ids are in the order of time.',
    `delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.',
    `files` Int64 COMMENT 'Files, tables or partitions with records of events.',
    `other_files` Int64 COMMENT 'Other files, tables or partitions that it has, such as lists of publishers.',
    `other_records_read` Int64 COMMENT 'Records that were read in the other files; no other column counts them.',
    `records_read` Int64 COMMENT 'Records of events that were read, rejected ones and blank lines included.',
    `records_current` Nullable(Int64) COMMENT 'Records that are the latest of their event, which the marts show.',
    `records_replaced` Nullable(Int64) COMMENT 'Records that another one of their event replaces, of this delivery or a later one; repeats of a reading among them.\n',
    `records_deleted` Nullable(Int64) COMMENT 'Records that say that a row is gone, and still hold; 0 where a source has no deletions.',
    `records_set_aside` Nullable(Int64) COMMENT 'Records that no day can hold, or that cannot be weighed; they are kept with their reason.',
    `records_retracted` Nullable(Int64) COMMENT 'Records of a delivery that was taken back; they are in no other column.',
    `records_rejected` Int64 COMMENT 'Records that could not be read; they are kept with their text and reason.',
    `records_blank` Int64 COMMENT 'Blank lines.',
    `records_unaccounted` Int64 COMMENT 'Records that were read and of which no model says what became of them; 0 unless something is broken.\n',
    `adds_up` Bool COMMENT 'Whether every record is accounted for.',
    `latest_day` Nullable(Date32) COMMENT 'Latest UTC day of events in it that is not after itself; NULL where it brings none.',
    `days_behind` Nullable(Int64) COMMENT 'Days from that day to the day on which it arrived.',
    `brings_later_day` Bool COMMENT 'Whether that day is later than those of every delivery before it; false of a redelivery of known days.\n'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per source system and delivery: when it arrived, and what became of every record of events in it. Answers whether anything was lost, and which delivery brought which days. Asked by the data platform and by whoever sends the data.\nrecords_read = records_current + records_replaced + records_deleted + records_set_aside + records_retracted + records_rejected + records_blank + records_unaccounted. Of a source that names no model of its records (config.meta.records), what became of those that landed is not known: these columns are NULL.\n'
