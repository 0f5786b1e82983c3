CREATE VIEW duckhouse_reporting.rpt_quality_deliveries
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
COMMENT 'One row per source system and delivery: when it arrived, and what became of every record of events in it. Answers whether anything was lost, and which delivery brought which days. Asked by the data platform and by whoever sends the data.\nrecords_read = records_current + records_replaced + records_deleted + records_set_aside + records_retracted + records_rejected + records_blank + records_unaccounted. Of a source that names no model of its records (config.meta.records), what became of those that landed is not known: these columns are NULL.\n'
AS WITH
    delivered AS
    (
        SELECT
            CAST('ad_delivery', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            min(_delivered_at) AS arrived_at
        FROM duckhouse_staging.stg_ad_delivery__files
        GROUP BY _delivery_id
        UNION ALL
        SELECT
            CAST('ad_serving', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            min(_delivered_at) AS arrived_at
        FROM duckhouse_staging.stg_ad_serving__files
        GROUP BY _delivery_id
        UNION ALL
        SELECT
            CAST('consent', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            min(_delivered_at) AS arrived_at
        FROM duckhouse_staging.stg_consent__files
        GROUP BY _delivery_id
        UNION ALL
        SELECT
            CAST('reviews', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            min(_delivered_at) AS arrived_at
        FROM duckhouse_staging.stg_reviews__files
        GROUP BY _delivery_id
        UNION ALL
        SELECT
            CAST('telemetry', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            min(_delivered_at) AS arrived_at
        FROM duckhouse_staging.stg_telemetry__files
        GROUP BY _delivery_id
    ),
    landed AS
    (
        SELECT
            source,
            delivery_id,
            countIf(has_events) AS file_count,
            countIf(NOT has_events) AS other_file_count,
            sum(multiIf(has_events, 0, records_read)) AS other_record_count
        FROM duckhouse_reporting.rpt_quality_files
        GROUP BY
            source,
            delivery_id
    ),
    counted AS
    (
        SELECT
            CAST('ad_delivery', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            sum(records_read) AS read_count,
            CAST(sum(records_current), 'Nullable(Int64)') AS current_count,
            CAST(sum(records_replaced), 'Nullable(Int64)') AS replaced_count,
            CAST(sum(records_deleted), 'Nullable(Int64)') AS deleted_count,
            CAST(sum(records_set_aside), 'Nullable(Int64)') AS set_aside_count,
            CAST(0, 'Nullable(Int64)') AS retracted_count,
            sum(records_rejected) AS rejected_count,
            sum(records_blank) AS blank_count,
            sum(records_read) - sum(((((records_current + records_replaced) + records_deleted) + records_set_aside) + records_rejected) + records_blank) AS unaccounted_count
        FROM duckhouse_quality.fct_ad_delivery_event_records
        GROUP BY _delivery_id
        UNION ALL
        SELECT
            CAST('ad_serving', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            sum(records_read) AS read_count,
            CAST(sum(records_current), 'Nullable(Int64)') AS current_count,
            CAST(sum(records_replaced_in_delivery + records_replaced_by_delivery), 'Nullable(Int64)') AS replaced_count,
            CAST(0, 'Nullable(Int64)') AS deleted_count,
            CAST(sum(records_set_aside), 'Nullable(Int64)') AS set_aside_count,
            CAST(sum(records_retracted), 'Nullable(Int64)') AS retracted_count,
            sum(records_rejected) AS rejected_count,
            sum(records_blank) AS blank_count,
            sum(records_read) - sum((((((records_current + records_replaced_in_delivery) + records_replaced_by_delivery) + records_set_aside) + records_retracted) + records_rejected) + records_blank) AS unaccounted_count
        FROM duckhouse_quality.fct_ad_event_records
        GROUP BY _delivery_id
        UNION ALL
        SELECT
            CAST('consent', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            sum(records_read) AS read_count,
            CAST(sum(records_current), 'Nullable(Int64)') AS current_count,
            CAST(sum(records_replaced_in_delivery + records_replaced_by_delivery), 'Nullable(Int64)') AS replaced_count,
            CAST(0, 'Nullable(Int64)') AS deleted_count,
            CAST(sum(records_set_aside), 'Nullable(Int64)') AS set_aside_count,
            CAST(sum(records_retracted), 'Nullable(Int64)') AS retracted_count,
            sum(records_rejected) AS rejected_count,
            sum(records_blank) AS blank_count,
            sum(records_read) - sum((((((records_current + records_replaced_in_delivery) + records_replaced_by_delivery) + records_set_aside) + records_retracted) + records_rejected) + records_blank) AS unaccounted_count
        FROM duckhouse_quality.fct_consent_event_records
        GROUP BY _delivery_id
        UNION ALL
        SELECT
            CAST('reviews', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            sum(records_read) AS read_count,
            CAST(sum(records_current), 'Nullable(Int64)') AS current_count,
            CAST(sum(records_replaced), 'Nullable(Int64)') AS replaced_count,
            CAST(0, 'Nullable(Int64)') AS deleted_count,
            CAST(sum(records_set_aside), 'Nullable(Int64)') AS set_aside_count,
            CAST(sum(records_retracted), 'Nullable(Int64)') AS retracted_count,
            sum(records_rejected) AS rejected_count,
            sum(records_blank) AS blank_count,
            sum(records_read) - sum(((((records_current + records_replaced) + records_set_aside) + records_retracted) + records_rejected) + records_blank) AS unaccounted_count
        FROM duckhouse_quality.fct_product_review_records
        GROUP BY _delivery_id
        UNION ALL
        SELECT
            CAST('telemetry', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            sum(records_read) AS read_count,
            CAST(sum(records_first), 'Nullable(Int64)') AS current_count,
            CAST(sum(records_duplicate + records_in_conflict), 'Nullable(Int64)') AS replaced_count,
            CAST(0, 'Nullable(Int64)') AS deleted_count,
            CAST(sum(records_untimed), 'Nullable(Int64)') AS set_aside_count,
            CAST(0, 'Nullable(Int64)') AS retracted_count,
            sum(records_rejected) AS rejected_count,
            sum(records_blank) AS blank_count,
            sum(records_read) - sum(((((records_first + records_duplicate) + records_in_conflict) + records_untimed) + records_rejected) + records_blank) AS unaccounted_count
        FROM duckhouse_quality.fct_device_reading_records
        GROUP BY _delivery_id
    ),
    brought AS
    (
        SELECT DISTINCT
            CAST('ad_delivery', 'String') AS source,
            CAST(delivery_id, 'String') AS delivery_id,
            record_date AS day
        FROM duckhouse_intermediate.int_ad_delivery__click_touches
        WHERE record_date IS NOT NULL
        UNION ALL
        SELECT DISTINCT
            CAST('ad_delivery', 'String') AS source,
            CAST(delivery_id, 'String') AS delivery_id,
            record_date AS day
        FROM duckhouse_intermediate.int_ad_delivery__impression_touches
        WHERE record_date IS NOT NULL
        UNION ALL
        SELECT DISTINCT
            CAST('ad_serving', 'String') AS source,
            CAST(delivery_id, 'String') AS delivery_id,
            record_date AS day
        FROM duckhouse_intermediate.int_ad_serving__delivery_touches
        WHERE record_date IS NOT NULL
        UNION ALL
        SELECT DISTINCT
            CAST('consent', 'String') AS source,
            CAST(delivery_id, 'String') AS delivery_id,
            record_date AS day
        FROM duckhouse_intermediate.int_consent__delivery_touches
        WHERE record_date IS NOT NULL
        UNION ALL
        SELECT DISTINCT
            CAST('reviews', 'String') AS source,
            CAST(delivery_id, 'String') AS delivery_id,
            record_date AS day
        FROM duckhouse_intermediate.int_reviews__review_touches
        WHERE record_date IS NOT NULL
        UNION ALL
        SELECT DISTINCT
            CAST('telemetry', 'String') AS source,
            CAST(delivery_id, 'String') AS delivery_id,
            record_date AS day
        FROM duckhouse_intermediate.int_telemetry__reading_touches
        WHERE record_date IS NOT NULL
    ),
    latest_days AS
    (
        SELECT
            delivered.source AS source,
            delivered.delivery_id AS delivery_id,
            CAST(max(brought.day), 'Nullable(Date32)') AS latest_day
        FROM delivered
        INNER JOIN brought ON (delivered.source = brought.source) AND (delivered.delivery_id = brought.delivery_id)
        WHERE brought.day <= CAST(delivered.arrived_at, 'Date32')
        GROUP BY
            delivered.source,
            delivered.delivery_id
    ),
    accounted AS
    (
        SELECT
            delivered.source AS source,
            delivered.delivery_id AS delivery_id,
            delivered.arrived_at AS arrived_at,
            coalesce(landed.file_count, 0) AS file_count,
            coalesce(landed.other_file_count, 0) AS other_file_count,
            coalesce(landed.other_record_count, 0) AS other_record_count,
            coalesce(counted.read_count, 0) AS read_count,
            coalesce(counted.rejected_count, 0) AS rejected_count,
            coalesce(counted.blank_count, 0) AS blank_count,
            coalesce(counted.unaccounted_count, 0) AS unaccounted_count,
            multiIf(counted.delivery_id IS NULL, 0, counted.current_count) AS current_count,
            multiIf(counted.delivery_id IS NULL, 0, counted.replaced_count) AS replaced_count,
            multiIf(counted.delivery_id IS NULL, 0, counted.deleted_count) AS deleted_count,
            multiIf(counted.delivery_id IS NULL, 0, counted.set_aside_count) AS set_aside_count,
            multiIf(counted.delivery_id IS NULL, 0, counted.retracted_count) AS retracted_count,
            latest_days.latest_day AS latest_day,
            max(latest_days.latest_day) OVER (PARTITION BY delivered.source ORDER BY delivered.delivery_id ASC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest_day_before
        FROM delivered
        LEFT JOIN landed ON (delivered.source = landed.source) AND (delivered.delivery_id = landed.delivery_id)
        LEFT JOIN counted ON (delivered.source = counted.source) AND (delivered.delivery_id = counted.delivery_id)
        LEFT JOIN latest_days ON (delivered.source = latest_days.source) AND (delivered.delivery_id = latest_days.delivery_id)
    ),
    final AS
    (
        SELECT
            source,
            CAST(caseWithExpression(source, 'ad_delivery', 'Ad delivery', 'ad_serving', 'Ad serving', 'consent', 'Consent', 'reviews', 'Reviews', 'telemetry', 'Telemetry', source), 'String') AS source_label,
            delivery_id,
            CAST(arrived_at, 'DateTime64(6, \'UTC\')') AS delivered_at,
            CAST(file_count, 'Int64') AS files,
            CAST(other_file_count, 'Int64') AS other_files,
            CAST(other_record_count, 'Int64') AS other_records_read,
            CAST(read_count, 'Int64') AS records_read,
            CAST(current_count, 'Nullable(Int64)') AS records_current,
            CAST(replaced_count, 'Nullable(Int64)') AS records_replaced,
            CAST(deleted_count, 'Nullable(Int64)') AS records_deleted,
            CAST(set_aside_count, 'Nullable(Int64)') AS records_set_aside,
            CAST(retracted_count, 'Nullable(Int64)') AS records_retracted,
            CAST(rejected_count, 'Int64') AS records_rejected,
            CAST(blank_count, 'Int64') AS records_blank,
            CAST(unaccounted_count, 'Int64') AS records_unaccounted,
            CAST(unaccounted_count = 0, 'Bool') AS adds_up,
            latest_day,
            CAST(dateDiff('day', latest_day, CAST(arrived_at, 'Date32')), 'Nullable(Int64)') AS days_behind,
            CAST((latest_day IS NOT NULL) AND ((latest_day_before IS NULL) OR (latest_day > latest_day_before)), 'Bool') AS brings_later_day
        FROM accounted
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
