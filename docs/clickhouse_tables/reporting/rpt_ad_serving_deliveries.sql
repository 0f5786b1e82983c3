CREATE VIEW duckhouse_reporting.rpt_ad_serving_deliveries
(
    `delivery_id` String COMMENT 'The delivery; deliveries count in the order of their ids.',
    `delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.',
    `files` Int64 COMMENT 'Files of events in it.',
    `records_read` Int64 COMMENT 'Records in its files, counted from the raw bytes.',
    `records_current` Int64 COMMENT 'Records that are the latest of their event.',
    `records_replaced_in_delivery` Int64 COMMENT 'Records that a later one of the same delivery replaces.',
    `records_replaced_by_delivery` Int64 COMMENT 'Records that a later delivery replaces.',
    `records_set_aside` Int64 COMMENT 'Records that cannot become an event (fct_ad_events_set_aside).',
    `records_retracted` Int64 COMMENT 'Records of a delivery that was taken back; they are in no other column.',
    `records_rejected` Int64 COMMENT 'Records that could not be read.',
    `records_blank` Int64 COMMENT 'Blank lines.',
    `records_replaced` Int64 COMMENT 'Records that a later one replaces, of the same delivery or of another.',
    `retracted_delivery_id` Nullable(String) COMMENT 'The delivery that this one takes back; NULL of a delivery that brings records.',
    `retraction_reason` Nullable(String) COMMENT 'Why it was taken back.',
    `revenue_usd_delivered` Decimal(38, 6) COMMENT 'US dollars in all records that could be read and were not retracted.',
    `revenue_usd_current` Decimal(38, 6) COMMENT 'US dollars in records that are the latest of their event.',
    `revenue_usd_replaced_in_delivery` Decimal(38, 6) COMMENT 'US dollars in records that a later one of the same delivery replaces.',
    `revenue_usd_replaced_by_delivery` Decimal(38, 6) COMMENT 'US dollars in records that a later delivery replaces.',
    `revenue_usd_set_aside` Decimal(38, 6) COMMENT 'US dollars in records that were set aside; in no other figure.',
    `revenue_usd_still_counting` Decimal(38, 6) COMMENT 'US dollars of replaced records that still count, because every later record of the event says NULL.',
    `revenue_usd_booked` Decimal(38, 6) COMMENT 'US dollars of its records in the revenue of the marts; the sum over all deliveries is that revenue.',
    `days_restated` Int64 COMMENT 'Days that were published before and that it touched.',
    `events_late` Int64 COMMENT 'Events that no earlier delivery carried, of deliveries after the day was published.',
    `events_changed` Int64 COMMENT 'Events whose amount they changed.',
    `events_set_to_null` Int64 COMMENT 'Events whose amount they took back (not settled).',
    `events_reappeared` Int64 COMMENT 'Events that carry an amount again after NULL.',
    `events_moved_in` Int64 COMMENT 'Known events that came from another day or publisher.',
    `events_moved_out` Int64 COMMENT 'Events that went to another day or publisher.',
    `events_retracted` Int64 COMMENT 'Events whose last record came with a delivery that they took back.',
    `events_restored` Int64 COMMENT 'Events of it that count again as an earlier delivery had them.',
    `revenue_usd_restated` Decimal(38, 6) COMMENT 'US dollars by which it changed days that were published before.',
    `revenue_usd_after` Decimal(38, 6) COMMENT 'US dollars of all days after it, last known amounts.',
    `revenue_usd_as_delivered_after` Decimal(38, 6) COMMENT 'US dollars of all days after it, a correction to NULL counting 0.'
)
COMMENT 'One row per delivery that carried files of events, or took a delivery back: what became of its records and revenue, what it changed, and all revenue after it.\nFinance: where did the revenue go that the files carry, and what does it cost to read a correction to NULL as 0? Operators: is every record accounted for? read = current + replaced + set aside + retracted + rejected + blank; delivered = current + replaced in the delivery + replaced by a later one + set aside, without what was retracted; booked, the revenue of the marts, = current + what replaced records still count because every later record of the event says NULL.\n'
AS WITH
    retractions AS
    (
        SELECT *
        FROM
        (
            SELECT
                _delivery_id,
                _delivered_at,
                retracts_delivery_id,
                retraction_reason
            FROM duckhouse_staging.stg_ad_serving__files
            WHERE retracts_delivery_id IS NOT NULL
        ) AS retractions
    ),
    deliveries AS
    (
        SELECT
            _delivery_id,
            max(_delivered_at) AS last_delivered_at,
            count(*) AS file_count,
            CAST(NULL, 'Nullable(String)') AS retracted_delivery_id,
            CAST(NULL, 'Nullable(String)') AS retraction_reason,
            sum(records_read) AS read_count,
            sum(records_current) AS current_count,
            sum(records_replaced_in_delivery) AS replaced_in_delivery_count,
            sum(records_replaced_by_delivery) AS replaced_by_delivery_count,
            sum(records_set_aside) AS set_aside_count,
            sum(records_retracted) AS retracted_count,
            sum(records_rejected) AS rejected_count,
            sum(records_blank) AS blank_count,
            sum(revenue_usd_current) AS current_revenue,
            sum(revenue_usd_replaced_in_delivery) AS replaced_in_delivery_revenue,
            sum(revenue_usd_replaced_by_delivery) AS replaced_by_delivery_revenue,
            sum(revenue_usd_set_aside) AS set_aside_revenue,
            sum(revenue_usd_still_counting) AS still_counting_revenue
        FROM duckhouse_quality.fct_ad_event_records
        GROUP BY _delivery_id
        UNION ALL
        SELECT
            _delivery_id,
            _delivered_at AS last_delivered_at,
            0 AS file_count,
            retracts_delivery_id AS retracted_delivery_id,
            retraction_reason,
            0 AS read_count,
            0 AS current_count,
            0 AS replaced_in_delivery_count,
            0 AS replaced_by_delivery_count,
            0 AS set_aside_count,
            0 AS retracted_count,
            0 AS rejected_count,
            0 AS blank_count,
            CAST(0, 'Decimal(38, 6)') AS current_revenue,
            CAST(0, 'Decimal(38, 6)') AS replaced_in_delivery_revenue,
            CAST(0, 'Decimal(38, 6)') AS replaced_by_delivery_revenue,
            CAST(0, 'Decimal(38, 6)') AS set_aside_revenue,
            CAST(0, 'Decimal(38, 6)') AS still_counting_revenue
        FROM retractions
    ),
    movements AS
    (
        SELECT
            _delivery_id,
            sum(revenue_usd) AS moved_revenue,
            sum(revenue_usd_as_delivered) AS moved_revenue_as_delivered
        FROM duckhouse_intermediate.int_ad_serving__record_ledger
        GROUP BY _delivery_id
    ),
    restatements AS
    (
        SELECT
            _delivery_id,
            countDistinct(event_date) AS day_count,
            sum(events_late) AS late_count,
            sum(events_changed) AS changed_count,
            sum(events_set_to_null) AS set_to_null_count,
            sum(events_reappeared) AS reappeared_count,
            sum(events_moved_in) AS moved_in_count,
            sum(events_moved_out) AS moved_out_count,
            sum(events_retracted) AS retracted_count,
            sum(events_restored) AS restored_count,
            sum(revenue_usd_difference) AS restated_revenue
        FROM duckhouse_marts.fct_revenue_restatements
        GROUP BY _delivery_id
    ),
    final AS
    (
        SELECT
            CAST(deliveries._delivery_id, 'String') AS delivery_id,
            CAST(deliveries.last_delivered_at, 'DateTime64(6, \'UTC\')') AS delivered_at,
            CAST(deliveries.file_count, 'Int64') AS files,
            CAST(deliveries.read_count, 'Int64') AS records_read,
            CAST(deliveries.current_count, 'Int64') AS records_current,
            CAST(deliveries.replaced_in_delivery_count, 'Int64') AS records_replaced_in_delivery,
            CAST(deliveries.replaced_by_delivery_count, 'Int64') AS records_replaced_by_delivery,
            CAST(deliveries.set_aside_count, 'Int64') AS records_set_aside,
            CAST(deliveries.retracted_count, 'Int64') AS records_retracted,
            CAST(deliveries.rejected_count, 'Int64') AS records_rejected,
            CAST(deliveries.blank_count, 'Int64') AS records_blank,
            CAST(deliveries.replaced_in_delivery_count + deliveries.replaced_by_delivery_count, 'Int64') AS records_replaced,
            deliveries.retracted_delivery_id AS retracted_delivery_id,
            deliveries.retraction_reason AS retraction_reason,
            CAST(((deliveries.current_revenue + deliveries.replaced_in_delivery_revenue) + deliveries.replaced_by_delivery_revenue) + deliveries.set_aside_revenue, 'Decimal(38, 6)') AS revenue_usd_delivered,
            CAST(deliveries.current_revenue, 'Decimal(38, 6)') AS revenue_usd_current,
            CAST(deliveries.replaced_in_delivery_revenue, 'Decimal(38, 6)') AS revenue_usd_replaced_in_delivery,
            CAST(deliveries.replaced_by_delivery_revenue, 'Decimal(38, 6)') AS revenue_usd_replaced_by_delivery,
            CAST(deliveries.set_aside_revenue, 'Decimal(38, 6)') AS revenue_usd_set_aside,
            CAST(deliveries.still_counting_revenue, 'Decimal(38, 6)') AS revenue_usd_still_counting,
            CAST(deliveries.current_revenue + deliveries.still_counting_revenue, 'Decimal(38, 6)') AS revenue_usd_booked,
            CAST(coalesce(restatements.day_count, 0), 'Int64') AS days_restated,
            CAST(coalesce(restatements.late_count, 0), 'Int64') AS events_late,
            CAST(coalesce(restatements.changed_count, 0), 'Int64') AS events_changed,
            CAST(coalesce(restatements.set_to_null_count, 0), 'Int64') AS events_set_to_null,
            CAST(coalesce(restatements.reappeared_count, 0), 'Int64') AS events_reappeared,
            CAST(coalesce(restatements.moved_in_count, 0), 'Int64') AS events_moved_in,
            CAST(coalesce(restatements.moved_out_count, 0), 'Int64') AS events_moved_out,
            CAST(coalesce(restatements.retracted_count, 0), 'Int64') AS events_retracted,
            CAST(coalesce(restatements.restored_count, 0), 'Int64') AS events_restored,
            CAST(coalesce(restatements.restated_revenue, 0), 'Decimal(38, 6)') AS revenue_usd_restated,
            CAST(sum(coalesce(movements.moved_revenue, 0)) OVER up_to_here, 'Decimal(38, 6)') AS revenue_usd_after,
            CAST(sum(coalesce(movements.moved_revenue_as_delivered, 0)) OVER up_to_here, 'Decimal(38, 6)') AS revenue_usd_as_delivered_after
        FROM deliveries
        LEFT JOIN movements ON deliveries._delivery_id = movements._delivery_id
        LEFT JOIN restatements ON deliveries._delivery_id = restatements._delivery_id
        WINDOW up_to_here AS (ORDER BY deliveries._delivery_id ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
