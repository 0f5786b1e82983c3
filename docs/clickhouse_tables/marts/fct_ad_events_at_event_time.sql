CREATE VIEW duckhouse_marts.fct_ad_events_at_event_time
(
    `event_id` String COMMENT 'UUID of the event, trimmed and in lower case.',
    `event_type` LowCardinality(Nullable(String)) COMMENT 'impression, click or viewable_impression; other spellings are kept as delivered, in lower case.',
    `event_at` DateTime64(6, 'UTC') COMMENT 'When it happened, UTC, microseconds.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `reporting_date` Date32 COMMENT 'Day of event_at in the publisher\'s own time zone; the UTC day where none is known.',
    `publisher_id` LowCardinality(Nullable(String)) COMMENT 'Key of the publisher as delivered; it may be missing from dim_publishers.',
    `publisher_version_id` Nullable(String) COMMENT 'Key of dim_publishers_history; NULL where no delivery knows the publisher.',
    `ad_unit_id` LowCardinality(Nullable(String)) COMMENT 'Key of the ad unit as delivered; it may be missing from dim_ad_units.',
    `ad_unit_version_id` Nullable(String) COMMENT 'Key of dim_ad_units_history; NULL where no delivery knows the ad unit.',
    `campaign_id` LowCardinality(Nullable(String)) COMMENT 'Key of the campaign as delivered; NULL when no ad was served.',
    `campaign_version_id` Nullable(String) COMMENT 'Key of dim_campaigns_history; NULL where no delivery knows the campaign.',
    `is_filled` Nullable(Bool) COMMENT 'Whether an ad was served; NULL where the delivery does not say.',
    `revenue_usd` Decimal(38, 6) COMMENT 'Gross revenue in US dollars, exact to the micro-dollar: the last known amount. A correction to NULL means "not settled" and keeps the amount before it.',
    `revenue_usd_as_delivered` Decimal(38, 6) COMMENT 'US dollars, exact to the micro-dollar: the amount of the latest delivery. NULL counts 0.',
    `invalid_record_reason` LowCardinality(Nullable(String)) COMMENT 'Why the event is invalid as a record, so that its revenue cannot be billed as it is: unknown_event_type, negative_revenue or revenue_on_unfilled; NULL where it can.'
)
COMMENT 'One row per event_id of fct_ad_events: the versions of its publisher, ad unit and campaign that were valid when it happened.\nJoin the version keys to dim_*_history for the attributes of that time, the plain keys to dim_* for those of today. The keys are derived when read (as-of join): stored ones would go stale when a dimension arrives late.\n'
AS WITH
    events AS
    (
        SELECT *
        FROM duckhouse_marts.fct_ad_events
    ),
    final AS
    (
        SELECT
            events.event_id AS event_id,
            events.event_type AS event_type,
            events.event_at AS event_at,
            events.event_date AS event_date,
            events.reporting_date AS reporting_date,
            events.publisher_id AS publisher_id,
            publishers.publisher_version_id AS publisher_version_id,
            events.ad_unit_id AS ad_unit_id,
            ad_units.ad_unit_version_id AS ad_unit_version_id,
            events.campaign_id AS campaign_id,
            campaigns.campaign_version_id AS campaign_version_id,
            events.is_filled AS is_filled,
            events.revenue_usd AS revenue_usd,
            events.revenue_usd_as_delivered AS revenue_usd_as_delivered,
            events.invalid_record_reason AS invalid_record_reason
        FROM events
        ASOF LEFT JOIN duckhouse_marts.dim_publishers_history AS publishers ON (events.publisher_id = publishers.publisher_id) AND (events.event_at >= publishers.valid_from)
        ASOF LEFT JOIN duckhouse_marts.dim_ad_units_history AS ad_units ON (events.ad_unit_id = ad_units.ad_unit_id) AND (events.event_at >= ad_units.valid_from)
        ASOF LEFT JOIN duckhouse_marts.dim_campaigns_history AS campaigns ON (events.campaign_id = campaigns.campaign_id) AND (events.event_at >= campaigns.valid_from)
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
