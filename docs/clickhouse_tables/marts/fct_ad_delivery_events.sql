CREATE VIEW duckhouse_marts.fct_ad_delivery_events
(
    `event_id` String COMMENT 'impression- or click-, and the id of its table.',
    `event_type` LowCardinality(String) COMMENT 'impression or click.',
    `campaign_id` Nullable(Int64) COMMENT 'Key of the campaign; NULL where the row of the database has none.',
    `event_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When it happened, UTC, microseconds.',
    `event_date` Nullable(Date32) COMMENT 'Day of event_at in UTC.',
    `first_delivery_id` LowCardinality(String) COMMENT 'The first delivery that brought a record of the event.',
    `_delivery_id` LowCardinality(String) COMMENT 'Delivery of the newest record.',
    `_source_file` LowCardinality(String) COMMENT 'Table of the event.',
    `_source_row` Int64 COMMENT 'Place of the record in the order of changes of its table and delivery, from 1.'
)
COMMENT 'One row per impression or click that the database holds now and that has a time, by its newest record. Key: event_id.\nA view over staging, for questions about single events; fct_ad_delivery_hourly has the figures. Events without a time are in fct_ad_delivery_set_aside.\n'
AS WITH
    revised AS
    (
        SELECT
            event_id,
            min(CAST(_delivery_id, 'String')) AS first_of_event
        FROM duckhouse_intermediate.int_ad_delivery__records
        GROUP BY event_id
        HAVING count(*) > 1
    ),
    latest_of_revised AS
    (
        SELECT
            records.*,
            revised.first_of_event AS first_of_event
        FROM duckhouse_intermediate.int_ad_delivery__records AS records
        INNER JOIN revised ON records.event_id = revised.event_id
        QUALIFY row_number() OVER (PARTITION BY records.event_id ORDER BY records._delivery_id DESC, records._source_row DESC) = 1
    ),
    current_records AS
    (
        SELECT *
        FROM latest_of_revised
        UNION ALL
        SELECT
            records.*,
            CAST(records._delivery_id, 'String') AS first_of_event
        FROM duckhouse_intermediate.int_ad_delivery__records AS records
        LEFT JOIN revised ON records.event_id = revised.event_id
        WHERE revised.event_id IS NULL
    ),
    final AS
    (
        SELECT
            event_id,
            event_type,
            campaign_id,
            event_at,
            event_date,
            CAST(first_of_event, 'LowCardinality(String)') AS first_delivery_id,
            _delivery_id,
            _source_file,
            _source_row
        FROM current_records
        WHERE (operation = 'upsert') AND (set_aside_reason IS NULL)
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
