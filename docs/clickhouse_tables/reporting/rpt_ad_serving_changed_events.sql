CREATE VIEW duckhouse_reporting.rpt_ad_serving_changed_events
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `publisher_id` LowCardinality(Nullable(String)) COMMENT 'Key of the publisher as delivered; it may be missing from dim_publishers.',
    `publisher_name` Nullable(String) COMMENT 'Display name of today; NULL where no delivery knows the publisher.',
    `account_manager` Nullable(String) COMMENT 'Who looks after the publisher today.',
    `event_id` String COMMENT 'UUID of the event, trimmed and in lower case.',
    `event_type` Nullable(String) COMMENT 'impression, click or viewable_impression; other spellings are kept as delivered, in lower case.',
    `campaign_id` Nullable(String) COMMENT 'Key of the campaign as delivered; NULL when no ad was served.',
    `delivery_id` String COMMENT 'The delivery; deliveries count in the order of their ids.',
    `delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.',
    `cause` String COMMENT 'late, changed, set to NULL, reappeared, moved in, moved out, retracted or restored; the columns events_… of rpt_ad_serving_restatements count them. An event whose record was retracted and that counts again as an earlier delivery had it is restored; one of which only the last known amount was retracted is retracted.\n',
    `revenue_usd_before` Nullable(Decimal(38, 6)) COMMENT 'US dollars on this day and publisher before the delivery, last known; NULL where it was not there.',
    `revenue_usd_after` Nullable(Decimal(38, 6)) COMMENT 'US dollars on this day and publisher after the delivery, last known; NULL where it is not there.',
    `revenue_usd_difference` Decimal(38, 6) COMMENT 'US dollars that the event added or took.',
    `other_event_date` Nullable(Date32) COMMENT 'The UTC day from which the event moved here, or to which it went.',
    `other_publisher_id` Nullable(String) COMMENT 'The publisher from which the event moved here, or to which it went.',
    `source_file` String COMMENT 'The file of the record; retraction where a delivery was taken back.',
    `source_row` Nullable(Int64) COMMENT 'The record in the file; NULL of an event that left.'
)
COMMENT 'One row per UTC day, publisher, delivery and event that changed them after the day was published: what the event brought before and after the delivery.\nFinance: which events moved the day? They add up to revenue_usd_difference of rpt_ad_serving_restatements. An event that moved has a row where it was and a row where it is. Records that repeat what was known are left out.\n'
AS WITH
    changes AS
    (
        SELECT *
        FROM duckhouse_intermediate.int_ad_serving__changed_events
    ),
    deliveries AS
    (
        SELECT DISTINCT
            _delivery_id,
            _delivered_at
        FROM duckhouse_intermediate.int_ad_serving__publications
    ),
    final AS
    (
        SELECT
            changes.event_date AS event_date,
            changes.publisher_id AS publisher_id,
            publishers.publisher_name AS publisher_name,
            publishers.account_manager AS account_manager,
            changes.event_id AS event_id,
            changes.event_type AS event_type,
            changes.campaign_id AS campaign_id,
            changes._delivery_id AS delivery_id,
            CAST(deliveries._delivered_at, 'DateTime64(6, \'UTC\')') AS delivered_at,
            CAST(caseWithExpression(changes.effect, 'first_seen', 'late', 'changed', 'changed', 'set_to_null', 'set to NULL', 'reappeared', 'reappeared', 'moved_in', 'moved in', 'moved_out', 'moved out', 'retracted', 'retracted', 'restored', 'restored', 'retracted'), 'String') AS cause,
            changes.revenue_usd_before AS revenue_usd_before,
            changes.revenue_usd_after AS revenue_usd_after,
            changes.revenue_usd_moved AS revenue_usd_difference,
            changes.other_event_date AS other_event_date,
            changes.other_publisher_id AS other_publisher_id,
            changes.source_file AS source_file,
            changes.source_row AS source_row
        FROM changes
        INNER JOIN deliveries ON changes._delivery_id = deliveries._delivery_id
        LEFT JOIN duckhouse_marts.dim_publishers AS publishers ON changes.publisher_id = publishers.publisher_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
