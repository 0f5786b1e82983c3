CREATE VIEW duckhouse_reporting.rpt_quality_files
(
    `source` String COMMENT 'Source system.',
    `delivery_id` String COMMENT 'Delivery; ids are in the order of time.',
    `entity` String COMMENT 'Table of the source that the file is of.',
    `source_file` String COMMENT 'Path of the file in its delivery; of a database the table, of a stream the partition.',
    `has_events` Bool COMMENT 'Whether its records are events, which rpt_quality_deliveries counts.',
    `records_read` Int64 COMMENT 'Records that were read, rejected ones and blank lines included.',
    `records_landed` Int64 COMMENT 'Records that could be read.',
    `records_rejected` Int64 COMMENT 'Records that could not be read.',
    `records_blank` Int64 COMMENT 'Blank lines.',
    `records_set_aside` Int64 COMMENT 'Records that no day can hold, or that cannot be weighed; of a database those that still have no time.\n',
    `main_reason` Nullable(String) COMMENT 'Why most of them were rejected or set aside; NULL where none was.'
)
COMMENT 'One row per source system, delivery and file: what was read in it, and what was rejected or set aside, mostly for which reason. Answers which file of a delivery is at fault. Asked by the data platform and by whoever sends the data. Files of all tables of the source are here.\n'
AS WITH
    files AS
    (
        SELECT
            CAST('ad_delivery', 'String') AS source,
            CAST(files._delivery_id, 'String') AS delivery_id,
            files.entity AS entity,
            files._source_file AS source_file,
            counted._source_file IS NOT NULL AS has_events,
            files.records_read AS records_read,
            files.records_landed AS records_landed,
            files.records_rejected AS records_rejected,
            files.records_blank AS records_blank
        FROM duckhouse_staging.stg_ad_delivery__files AS files
        LEFT JOIN duckhouse_quality.fct_ad_delivery_event_records AS counted ON (files._delivery_id = counted._delivery_id) AND (files._source_file = counted._source_file)
        WHERE files.retracts_delivery_id IS NULL
        UNION ALL
        SELECT
            CAST('ad_serving', 'String') AS source,
            CAST(files._delivery_id, 'String') AS delivery_id,
            files.entity AS entity,
            files._source_file AS source_file,
            counted._source_file IS NOT NULL AS has_events,
            files.records_read AS records_read,
            files.records_landed AS records_landed,
            files.records_rejected AS records_rejected,
            files.records_blank AS records_blank
        FROM duckhouse_staging.stg_ad_serving__files AS files
        LEFT JOIN duckhouse_quality.fct_ad_event_records AS counted ON (files._delivery_id = counted._delivery_id) AND (files._source_file = counted._source_file)
        WHERE files.retracts_delivery_id IS NULL
        UNION ALL
        SELECT
            CAST('consent', 'String') AS source,
            CAST(files._delivery_id, 'String') AS delivery_id,
            files.entity AS entity,
            files._source_file AS source_file,
            counted._source_file IS NOT NULL AS has_events,
            files.records_read AS records_read,
            files.records_landed AS records_landed,
            files.records_rejected AS records_rejected,
            files.records_blank AS records_blank
        FROM duckhouse_staging.stg_consent__files AS files
        LEFT JOIN duckhouse_quality.fct_consent_event_records AS counted ON (files._delivery_id = counted._delivery_id) AND (files._source_file = counted._source_file)
        WHERE files.retracts_delivery_id IS NULL
        UNION ALL
        SELECT
            CAST('reviews', 'String') AS source,
            CAST(files._delivery_id, 'String') AS delivery_id,
            files.entity AS entity,
            files._source_file AS source_file,
            counted._source_file IS NOT NULL AS has_events,
            files.records_read AS records_read,
            files.records_landed AS records_landed,
            files.records_rejected AS records_rejected,
            files.records_blank AS records_blank
        FROM duckhouse_staging.stg_reviews__files AS files
        LEFT JOIN duckhouse_quality.fct_product_review_records AS counted ON (files._delivery_id = counted._delivery_id) AND (files._source_file = counted._source_file)
        WHERE files.retracts_delivery_id IS NULL
        UNION ALL
        SELECT
            CAST('telemetry', 'String') AS source,
            CAST(files._delivery_id, 'String') AS delivery_id,
            files.entity AS entity,
            files._source_file AS source_file,
            counted._source_file IS NOT NULL AS has_events,
            files.records_read AS records_read,
            files.records_landed AS records_landed,
            files.records_rejected AS records_rejected,
            files.records_blank AS records_blank
        FROM duckhouse_staging.stg_telemetry__files AS files
        LEFT JOIN duckhouse_quality.fct_device_reading_records AS counted ON (files._delivery_id = counted._delivery_id) AND (files._source_file = counted._source_file)
        WHERE files.retracts_delivery_id IS NULL
    ),
    ranked AS
    (
        SELECT
            *,
            row_number() OVER (PARTITION BY source, delivery_id, source_file ORDER BY records DESC, fate ASC, reason ASC) AS place
        FROM duckhouse_reporting.rpt_quality_faulty_records
    ),
    faulty AS
    (
        SELECT
            source,
            delivery_id,
            source_file,
            sum(multiIf(fate = 'set aside', records, 0)) AS set_aside_count,
            max(multiIf(place = 1, reason, NULL)) AS reason_of_most
        FROM ranked
        GROUP BY
            source,
            delivery_id,
            source_file
    ),
    final AS
    (
        SELECT
            CAST(files.source, 'String') AS source,
            CAST(files.delivery_id, 'String') AS delivery_id,
            CAST(files.entity, 'String') AS entity,
            CAST(files.source_file, 'String') AS source_file,
            CAST(files.has_events, 'Bool') AS has_events,
            CAST(files.records_read, 'Int64') AS records_read,
            CAST(files.records_landed, 'Int64') AS records_landed,
            CAST(files.records_rejected, 'Int64') AS records_rejected,
            CAST(files.records_blank, 'Int64') AS records_blank,
            CAST(coalesce(faulty.set_aside_count, 0), 'Int64') AS records_set_aside,
            CAST(faulty.reason_of_most, 'Nullable(String)') AS main_reason
        FROM files
        LEFT JOIN faulty ON (files.source = faulty.source) AND (files.delivery_id = faulty.delivery_id) AND (files.source_file = faulty.source_file)
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
