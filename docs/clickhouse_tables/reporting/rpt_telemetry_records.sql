CREATE VIEW duckhouse_reporting.rpt_telemetry_records
(
    `delivery_id` String COMMENT 'The delivery.',
    `delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.',
    `files` Int64 COMMENT 'Partitions of the topic.',
    `records_read` Int64 COMMENT 'Messages that were read.',
    `records_current` Int64 COMMENT 'Messages that count as readings.',
    `records_replaced` Int64 COMMENT 'Messages that repeat a reading, with the same or with other values.',
    `records_set_aside` Int64 COMMENT 'Messages whose time is not in 1900 to 2299.',
    `records_rejected` Int64 COMMENT 'Messages that were invalid when they landed, repaired ones included.',
    `records_blank` Int64 COMMENT 'Always 0.'
)
COMMENT 'One row per delivery of messages: what became of each of them? Asked by the data platform.\n'
AS WITH
    counted AS
    (
        SELECT
            records._delivery_id AS delivery_id,
            min(records._delivered_at) AS delivered_at,
            count(*) AS files,
            sum(records.records_read) AS records_read,
            sum(records.records_first) AS records_current,
            sum(records.records_duplicate + records.records_in_conflict) AS records_replaced,
            sum(records.records_untimed) AS records_set_aside,
            sum(records.records_invalid + records.records_repaired) AS records_rejected,
            sum(records.records_blank) AS records_blank
        FROM duckhouse_quality.fct_device_reading_records AS records
        GROUP BY records._delivery_id
    ),
    final AS
    (
        SELECT
            CAST(counted.delivery_id, 'String') AS delivery_id,
            CAST(counted.delivered_at, 'DateTime64(6, \'UTC\')') AS delivered_at,
            CAST(counted.files, 'Int64') AS files,
            CAST(counted.records_read, 'Int64') AS records_read,
            CAST(counted.records_current, 'Int64') AS records_current,
            CAST(counted.records_replaced, 'Int64') AS records_replaced,
            CAST(counted.records_set_aside, 'Int64') AS records_set_aside,
            CAST(counted.records_rejected, 'Int64') AS records_rejected,
            CAST(counted.records_blank, 'Int64') AS records_blank
        FROM counted
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
