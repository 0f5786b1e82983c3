CREATE VIEW duckhouse_reporting.rpt_ad_serving_days
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `is_after_last_delivery` Bool COMMENT 'Whether the day lies after the UTC day of the last delivery, so that its events have a clock that runs ahead.\n',
    `published_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the first delivery after the end of the day arrived, UTC; NULL where the day was not over yet.',
    `is_full_day` Bool COMMENT 'Whether the day was published and has at least half of the median impressions of published days. The file of a day carries the first minutes of the next, which is then published but not full.\n',
    `impressions` Int64 COMMENT 'Events of type impression, filled or not.',
    `filled_impressions` Int64 COMMENT 'Impressions for which an ad was served.',
    `clicks` Int64 COMMENT 'Events of type click.',
    `viewable_impressions` Int64 COMMENT 'Events of type viewable_impression.',
    `revenue_usd` Decimal(38, 6) COMMENT 'Gross revenue in US dollars, exact to the micro-dollar: the last known amount. A correction to NULL means "not settled" and keeps the amount before it.',
    `revenue_usd_as_delivered` Decimal(38, 6) COMMENT 'US dollars, exact to the micro-dollar: the amount of the latest delivery. NULL counts 0.',
    `revenue_usd_invalid_records` Decimal(38, 6) COMMENT 'The part of revenue_usd whose events are invalid as records (fct_ad_events.invalid_record_reason). Net of invalid records is revenue_usd less this;\nfct_ad_gross_to_billable_daily also deducts invalid traffic.',
    `fill_rate` Nullable(Float64) COMMENT 'filled_impressions / impressions; NULL without impressions.',
    `ctr` Nullable(Float64) COMMENT 'Clicks per ad shown: clicks / filled_impressions, not / impressions, because an unfilled impression shows no ad. NULL without filled impressions.',
    `viewability_rate` Nullable(Float64) COMMENT 'viewable_impressions / filled_impressions; NULL without filled impressions.',
    `revenue_usd_net_of_invalid_records` Decimal(38, 6) COMMENT 'revenue_usd less revenue_usd_invalid_records; invalid traffic is still in it.',
    `revenue_usd_first_published` Nullable(Decimal(38, 6)) COMMENT 'US dollars, last known amounts, as the first delivery after the end of the day left them; NULL before that.\n',
    `revenue_usd_restated` Decimal(38, 6) COMMENT 'US dollars by which later deliveries changed the published day; below 0 where they took.',
    `revenue_usd_restated_up` Decimal(38, 6) COMMENT 'The part of it that later deliveries added, by delivery and publisher.',
    `revenue_usd_restated_down` Decimal(38, 6) COMMENT 'The part of it that later deliveries took, 0 or less.',
    `restated_share` Nullable(Float64) COMMENT 'revenue_usd_restated / revenue_usd_first_published.',
    `restatements` Int64 COMMENT 'Deliveries that touched the day after it was published.',
    `events_late` Int64 COMMENT 'Events that no earlier delivery carried, of deliveries after the day was published.',
    `events_changed` Int64 COMMENT 'Events whose amount they changed.',
    `events_set_to_null` Int64 COMMENT 'Events whose amount they took back (not settled).',
    `events_reappeared` Int64 COMMENT 'Events that carry an amount again after NULL.',
    `events_moved_in` Int64 COMMENT 'Known events that came from another day or publisher.',
    `events_moved_out` Int64 COMMENT 'Events that went to another day or publisher.',
    `events_retracted` Int64 COMMENT 'Events whose last record came with a delivery that they took back.',
    `events_restored` Int64 COMMENT 'Events of it that count again as an earlier delivery had them.',
    `revenue_usd_before_last_delivery` Nullable(Decimal(38, 6)) COMMENT 'US dollars, last known amounts, before the last delivery with events; NULL where it brought the day.\n',
    `fill_rate_before_last_delivery` Nullable(Float64) COMMENT 'The fill rate before the last delivery with events.'
)
COMMENT 'One row per UTC day that a delivery touched: figures now, as first published and before the last delivery.\nFinance: how far is each day\'s revenue from what was first published, and why? Publisher managers: how did impressions, fill rate and revenue develop? First published revenue plus what was restated is the revenue now, to the micro-dollar; the columns up and down keep apart what rose and what fell. A day is published by the first delivery after it is over.\n'
AS WITH
    last_delivery AS
    (
        SELECT
            max(_delivery_id) AS delivery_id,
            CAST(max(_delivered_at), 'Date32') AS delivery_date
        FROM duckhouse_quality.fct_ad_event_records
    ),
    figures AS
    (
        SELECT
            figures.*,
            last_delivery.delivery_date AS delivery_date,
            figures.superseded_by_delivery_id IS NULL AS is_now,
            (figures._delivery_id < last_delivery.delivery_id) AND coalesce(figures.superseded_by_delivery_id >= last_delivery.delivery_id, true) AS is_before_last_delivery,
            figures.publication = 'restatement' AS is_restatement
        FROM duckhouse_intermediate.int_ad_serving__figures_by_delivery AS figures
        CROSS JOIN last_delivery
    ),
    days AS
    (
        SELECT
            event_date,
            max(delivery_date) AS last_delivery_date,
            min(multiIf(publication = 'first', _delivered_at, NULL)) AS first_published_at,
            countDistinct(multiIf(is_restatement, _delivery_id, NULL)) AS restatement_count,
            CAST(sum(multiIf(is_now, impressions_after, 0)), 'Int64') AS impressions_total,
            CAST(sum(multiIf(is_now, filled_impressions_after, 0)), 'Int64') AS filled_impressions_total,
            CAST(sum(multiIf(is_now, clicks_after, 0)), 'Int64') AS clicks_total,
            CAST(sum(multiIf(is_now, viewable_impressions_after, 0)), 'Int64') AS viewable_impressions_total,
            CAST(sum(multiIf(is_now, revenue_usd_after, 0)), 'Decimal(38, 6)') AS revenue_usd_total,
            CAST(sum(multiIf(is_now, revenue_usd_as_delivered_after, 0)), 'Decimal(38, 6)') AS revenue_usd_as_delivered_total,
            CAST(sum(multiIf(is_now, revenue_usd_invalid_records_after, 0)), 'Decimal(38, 6)') AS revenue_usd_invalid_records_total,
            CAST(sum(multiIf(is_restatement, first_seen_count, 0)), 'Int64') AS late_events,
            CAST(sum(multiIf(is_restatement, changed_count, 0)), 'Int64') AS changed_events,
            CAST(sum(multiIf(is_restatement, set_to_null_count, 0)), 'Int64') AS set_to_null_events,
            CAST(sum(multiIf(is_restatement, reappeared_count, 0)), 'Int64') AS reappeared_events,
            CAST(sum(multiIf(is_restatement, moved_in_count, 0)), 'Int64') AS moved_in_events,
            CAST(sum(multiIf(is_restatement, moved_out_count, 0)), 'Int64') AS moved_out_events,
            CAST(sum(multiIf(is_restatement, retracted_count, 0)), 'Int64') AS retracted_events,
            CAST(sum(multiIf(is_restatement, restored_count, 0)), 'Int64') AS restored_events,
            CAST(sum(multiIf(is_restatement, revenue_usd_moved, 0)), 'Decimal(38, 6)') AS restated,
            CAST(sum(multiIf(is_restatement AND (revenue_usd_moved > 0), revenue_usd_moved, 0)), 'Decimal(38, 6)') AS restated_up,
            CAST(sum(multiIf(is_restatement AND (revenue_usd_moved < 0), revenue_usd_moved, 0)), 'Decimal(38, 6)') AS restated_down,
            sum(multiIf(is_before_last_delivery, revenue_usd_after, NULL)) AS revenue_before,
            sum(multiIf(is_before_last_delivery, impressions_after, NULL)) AS impressions_before,
            sum(multiIf(is_before_last_delivery, filled_impressions_after, NULL)) AS filled_before
        FROM figures
        GROUP BY event_date
    ),
    usual AS
    (
        SELECT quantileExactInclusiveOrNull(0.5)(impressions_total) AS usual_impressions
        FROM days
        WHERE first_published_at IS NOT NULL
    ),
    first_published AS
    (
        SELECT
            days.*,
            (days.first_published_at IS NOT NULL) AND ((days.impressions_total * 2) >= coalesce(usual.usual_impressions, 0)) AS has_usual_impressions,
            multiIf(days.first_published_at IS NOT NULL, days.revenue_usd_total - days.restated, NULL) AS first_published_revenue
        FROM days
        CROSS JOIN usual
    ),
    final AS
    (
        SELECT
            CAST(event_date, 'Date32') AS event_date,
            CAST(event_date > last_delivery_date, 'Bool') AS is_after_last_delivery,
            CAST(first_published_at, 'Nullable(DateTime64(6, \'UTC\'))') AS published_at,
            CAST(has_usual_impressions, 'Bool') AS is_full_day,
            CAST(impressions_total, 'Int64') AS impressions,
            CAST(filled_impressions_total, 'Int64') AS filled_impressions,
            CAST(clicks_total, 'Int64') AS clicks,
            CAST(viewable_impressions_total, 'Int64') AS viewable_impressions,
            CAST(revenue_usd_total, 'Decimal(38, 6)') AS revenue_usd,
            CAST(revenue_usd_as_delivered_total, 'Decimal(38, 6)') AS revenue_usd_as_delivered,
            CAST(revenue_usd_invalid_records_total, 'Decimal(38, 6)') AS revenue_usd_invalid_records,
            CAST(filled_impressions_total, 'Nullable(Float64)') / nullIf(CAST(impressions_total, 'Nullable(Float64)'), 0) AS fill_rate,
            CAST(clicks_total, 'Nullable(Float64)') / nullIf(CAST(filled_impressions_total, 'Nullable(Float64)'), 0) AS ctr,
            CAST(viewable_impressions_total, 'Nullable(Float64)') / nullIf(CAST(filled_impressions_total, 'Nullable(Float64)'), 0) AS viewability_rate,
            CAST(revenue_usd_total - revenue_usd_invalid_records_total, 'Decimal(38, 6)') AS revenue_usd_net_of_invalid_records,
            CAST(first_published_revenue, 'Nullable(Decimal(38, 6))') AS revenue_usd_first_published,
            restated AS revenue_usd_restated,
            restated_up AS revenue_usd_restated_up,
            restated_down AS revenue_usd_restated_down,
            CAST(restated, 'Nullable(Float64)') / nullIf(CAST(first_published_revenue, 'Nullable(Float64)'), 0) AS restated_share,
            CAST(restatement_count, 'Int64') AS restatements,
            late_events AS events_late,
            changed_events AS events_changed,
            set_to_null_events AS events_set_to_null,
            reappeared_events AS events_reappeared,
            moved_in_events AS events_moved_in,
            moved_out_events AS events_moved_out,
            retracted_events AS events_retracted,
            restored_events AS events_restored,
            CAST(revenue_before, 'Nullable(Decimal(38, 6))') AS revenue_usd_before_last_delivery,
            CAST(filled_before, 'Nullable(Float64)') / nullIf(CAST(impressions_before, 'Nullable(Float64)'), 0) AS fill_rate_before_last_delivery
        FROM first_published
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
