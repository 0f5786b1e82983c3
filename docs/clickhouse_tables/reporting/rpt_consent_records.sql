CREATE VIEW duckhouse_reporting.rpt_consent_records
(
    `delivery_id` String COMMENT 'Delivery of the files.',
    `delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.',
    `records_read` Int64 COMMENT 'Records in them.',
    `records_current` Int64 COMMENT 'Records shown in fct_consent_events.',
    `records_replaced` Int64 COMMENT 'Usable records that a later one replaces, of this delivery or a later one.',
    `records_set_aside` Int64 COMMENT 'Records without an id, a readable time or a usable rate.',
    `records_retracted` Int64 COMMENT 'Records of a delivery that was taken back; they are in no other column.',
    `records_rejected` Int64 COMMENT 'Records that no row could be made of.',
    `records_blank` Int64 COMMENT 'Blank lines.',
    `files` Int64 COMMENT 'Event files of the delivery.'
)
COMMENT 'One row per delivery with event files: what became of every record of them. Answers whether anything was lost. Asked by the data platform and by whoever sends the files.\n'
AS WITH
    counted AS
    (
        SELECT
            _delivery_id AS delivery_id,
            min(_delivered_at) AS arrived_at,
            count(*) AS file_count,
            sum(records_read) AS read_count,
            sum(records_current) AS current_count,
            sum(records_replaced_in_delivery + records_replaced_by_delivery) AS replaced_count,
            sum(records_set_aside) AS set_aside_count,
            sum(records_retracted) AS retracted_count,
            sum(records_rejected) AS rejected_count,
            sum(records_blank) AS blank_count
        FROM duckhouse_quality.fct_consent_event_records
        GROUP BY _delivery_id
    ),
    final AS
    (
        SELECT
            CAST(delivery_id, 'String') AS delivery_id,
            CAST(arrived_at, 'DateTime64(6, \'UTC\')') AS delivered_at,
            CAST(read_count, 'Int64') AS records_read,
            CAST(current_count, 'Int64') AS records_current,
            CAST(replaced_count, 'Int64') AS records_replaced,
            CAST(set_aside_count, 'Int64') AS records_set_aside,
            CAST(retracted_count, 'Int64') AS records_retracted,
            CAST(rejected_count, 'Int64') AS records_rejected,
            CAST(blank_count, 'Int64') AS records_blank,
            CAST(file_count, 'Int64') AS files
        FROM counted
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
