CREATE VIEW duckhouse_reporting.rpt_reviews_records
(
    `delivery_id` String COMMENT 'The delivery.',
    `delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.',
    `files` Int64 COMMENT 'Files of reviews.',
    `records_read` Int64 COMMENT 'Records in them, counted from the raw bytes.',
    `records_current` Int64 COMMENT 'Records that count.',
    `records_replaced` Int64 COMMENT 'Records that a later one of the same review replaced.',
    `records_set_aside` Int64 COMMENT 'Records without a reviewer or a readable time.',
    `records_retracted` Int64 COMMENT 'Records of a delivery that was taken back; they are in no other column.',
    `records_rejected` Int64 COMMENT 'Records that no row could be made of.',
    `records_blank` Int64 COMMENT 'Blank lines.'
)
COMMENT 'One row per delivery of reviews: what became of each of its records? Asked by the data platform.\n'
AS WITH
    counted AS
    (
        SELECT
            records._delivery_id AS delivery_id,
            min(records._delivered_at) AS delivered_at,
            count(*) AS files,
            sum(records.records_read) AS records_read,
            sum(records.records_current) AS records_current,
            sum(records.records_replaced) AS records_replaced,
            sum(records.records_set_aside) AS records_set_aside,
            sum(records.records_retracted) AS records_retracted,
            sum(records.records_rejected) AS records_rejected,
            sum(records.records_blank) AS records_blank
        FROM duckhouse_quality.fct_product_review_records AS records
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
            CAST(counted.records_retracted, 'Int64') AS records_retracted,
            CAST(counted.records_rejected, 'Int64') AS records_rejected,
            CAST(counted.records_blank, 'Int64') AS records_blank
        FROM counted
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
