CREATE VIEW duckhouse_reporting.rpt_ad_delivery_extractions
(
    `delivery_id` LowCardinality(String) COMMENT 'Delivery of the run.',
    `delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.',
    `table_name` LowCardinality(String) COMMENT 'advertiser, campaign, impressions or clicks.',
    `mode` LowCardinality(String) COMMENT 'compare (changes found by comparing), full (every row compared) or cdc (changes read from the write-ahead log).',
    `is_latest` Bool COMMENT 'Whether no later run has been delivered.',
    `source_rows` Int64 COMMENT 'Rows of the table in the run\'s snapshot, counted by PostgreSQL.',
    `known_rows` Int64 COMMENT 'Rows that the landed deliveries up to this one add up to, as the run counted them.',
    `warehouse_rows` Int64 COMMENT 'Rows that staging adds up to, this delivery and those before it.',
    `adds_up` Bool COMMENT 'Whether source_rows, known_rows and warehouse_rows are the same.',
    `new_rows` Int64 COMMENT 'Rows that the delivery before did not know.',
    `changed_rows` Int64 COMMENT 'Known rows with another content.',
    `deleted_rows` Int64 COMMENT 'Known rows that are gone.',
    `lag_bytes` Nullable(Int64) COMMENT 'Bytes of the write-ahead log between what the delivery holds and the end of the log; NULL unless by cdc.',
    `records_current` Nullable(Int64) COMMENT 'Records of the run that count as impressions or clicks; NULL of tables that hold no events.',
    `records_replaced` Nullable(Int64) COMMENT 'Records of the run that a later one of the same row replaced.',
    `records_deleted` Nullable(Int64) COMMENT 'Records of the run that delete a row, and hold.',
    `records_set_aside` Nullable(Int64) COMMENT 'Records of the run without a time, which are in no figure by day.'
)
COMMENT 'One row per run of the extraction and table: does the warehouse hold what the database holds, and what became of the records of the run? Asked by the data platform.\n'
AS WITH
    last_run AS
    (
        SELECT max(_delivery_id) AS last_delivery_id
        FROM duckhouse_marts.fct_ad_delivery_extractions
    ),
    final AS
    (
        SELECT
            CAST(runs._delivery_id, 'LowCardinality(String)') AS delivery_id,
            CAST(runs._delivered_at, 'DateTime64(6, \'UTC\')') AS delivered_at,
            CAST(runs.table_name, 'LowCardinality(String)') AS table_name,
            CAST(runs.mode, 'LowCardinality(String)') AS mode,
            CAST(runs._delivery_id = last_run.last_delivery_id, 'Bool') AS is_latest,
            CAST(runs.source_rows, 'Int64') AS source_rows,
            CAST(runs.known_rows, 'Int64') AS known_rows,
            CAST(runs.warehouse_rows, 'Int64') AS warehouse_rows,
            CAST((runs.source_rows = runs.known_rows) AND (runs.known_rows = runs.warehouse_rows), 'Bool') AS adds_up,
            CAST(runs.new_rows, 'Int64') AS new_rows,
            CAST(runs.changed_rows, 'Int64') AS changed_rows,
            CAST(runs.deleted_rows, 'Int64') AS deleted_rows,
            CAST(runs.lag_bytes, 'Nullable(Int64)') AS lag_bytes,
            CAST(records.records_current, 'Nullable(Int64)') AS records_current,
            CAST(records.records_replaced, 'Nullable(Int64)') AS records_replaced,
            CAST(records.records_deleted, 'Nullable(Int64)') AS records_deleted,
            CAST(records.records_set_aside, 'Nullable(Int64)') AS records_set_aside
        FROM duckhouse_marts.fct_ad_delivery_extractions AS runs
        CROSS JOIN last_run
        LEFT JOIN duckhouse_quality.fct_ad_delivery_event_records AS records ON (runs._delivery_id = records._delivery_id) AND (runs.table_name = records._source_file)
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
