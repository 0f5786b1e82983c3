CREATE VIEW duckhouse_marts.fct_revenue_restatements
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `publisher_id` LowCardinality(Nullable(String)) COMMENT 'Key of the publisher as delivered; it may be missing from dim_publishers.',
    `events_late` Int64 COMMENT 'Events that no earlier delivery carried.',
    `events_changed` Int64 COMMENT 'Events whose amount changed.',
    `events_set_to_null` Int64 COMMENT 'Events whose amount was reset to unsettled.',
    `events_reappeared` Int64 COMMENT 'Events that carry an amount again after NULL.',
    `events_moved_in` Int64 COMMENT 'Known events that came from another day or publisher.',
    `events_moved_out` Int64 COMMENT 'Events that went to another day or publisher.',
    `events_retracted` Int64 COMMENT 'Events whose last record came with the delivery that this one takes back.',
    `events_restored` Int64 COMMENT 'Events of it that count again as an earlier delivery had them.',
    `revenue_usd_before` Decimal(38, 6) COMMENT 'US dollars, last known amounts, before the delivery.',
    `revenue_usd_after` Decimal(38, 6) COMMENT 'US dollars, last known amounts, after the delivery.',
    `revenue_usd_difference` Decimal(38, 6) COMMENT 'US dollars, last known amounts, that the delivery added or removed.',
    `revenue_usd_as_delivered_before` Decimal(38, 6) COMMENT 'US dollars, NULL counting 0, before the delivery.',
    `revenue_usd_as_delivered_after` Decimal(38, 6) COMMENT 'US dollars, NULL counting 0, after the delivery.',
    `revenue_usd_as_delivered_difference` Decimal(38, 6) COMMENT 'US dollars, NULL counting 0, that the delivery added or removed.',
    `_delivery_id` String COMMENT 'The delivery that restated the day.',
    `_delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.',
    `_day_version` String COMMENT 'State of the deliveries behind the day, and of what joined dimensions say of it; a run rebuilds the days whose version differs\nfrom the parent model.'
)
COMMENT 'One row per delivery, event_date and publisher whose day was published before: what the delivery brought, and by how much revenue changed.\nA day is published by the first delivery that touches it after the UTC day is over; deliveries before that are preliminary (fct_ad_events_as_of.publication) and restate nothing. First published revenue and all differences of a day add up to its revenue now, to the micro-dollar. A correction to NULL is counted in events_set_to_null and changes revenue_usd_as_delivered only.\n'
AS WITH
    figures AS
    (
        SELECT *
        FROM duckhouse_intermediate.int_ad_serving__figures_by_delivery
        WHERE publication = 'restatement'
    ),
    final AS
    (
        SELECT
            event_date,
            publisher_id,
            CAST(first_seen_count, 'Int64') AS events_late,
            CAST(changed_count, 'Int64') AS events_changed,
            CAST(set_to_null_count, 'Int64') AS events_set_to_null,
            CAST(reappeared_count, 'Int64') AS events_reappeared,
            CAST(moved_in_count, 'Int64') AS events_moved_in,
            CAST(moved_out_count, 'Int64') AS events_moved_out,
            CAST(retracted_count, 'Int64') AS events_retracted,
            CAST(restored_count, 'Int64') AS events_restored,
            CAST(revenue_usd_after - revenue_usd_moved, 'Decimal(38, 6)') AS revenue_usd_before,
            CAST(revenue_usd_after, 'Decimal(38, 6)') AS revenue_usd_after,
            CAST(revenue_usd_moved, 'Decimal(38, 6)') AS revenue_usd_difference,
            CAST(revenue_usd_as_delivered_after - revenue_usd_as_delivered_moved, 'Decimal(38, 6)') AS revenue_usd_as_delivered_before,
            CAST(revenue_usd_as_delivered_after, 'Decimal(38, 6)') AS revenue_usd_as_delivered_after,
            CAST(revenue_usd_as_delivered_moved, 'Decimal(38, 6)') AS revenue_usd_as_delivered_difference,
            _delivery_id,
            _delivered_at,
            day_version AS _day_version
        FROM figures
    )
SELECT *
FROM final
