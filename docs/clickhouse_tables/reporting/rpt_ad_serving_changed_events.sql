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
    restating AS
    (
        SELECT
            event_date,
            _delivery_id,
            _delivered_at
        FROM duckhouse_intermediate.int_ad_serving__publications
        WHERE publication = 'restatement'
    ),
    states AS
    (
        SELECT
            event_id,
            event_type,
            event_date,
            publisher_id,
            campaign_id,
            revenue_usd,
            _delivery_id,
            _source_file,
            _source_row,
            revenue_usd AS last_known_revenue_usd,
            0 AS later_revenue_usd,
            CAST(NULL, 'Nullable(String)') AS previous_delivery_id,
            CAST(NULL, 'Nullable(String)') AS next_delivery_id,
            CAST(NULL, 'Nullable(String)') AS previous_source_file,
            CAST(NULL, 'Nullable(String)') AS next_source_file,
            CAST(NULL, 'Nullable(Date32)') AS previous_event_date,
            CAST(NULL, 'Nullable(Date32)') AS next_event_date,
            CAST(NULL, 'Nullable(String)') AS previous_publisher_id,
            CAST(NULL, 'Nullable(String)') AS next_publisher_id,
            CAST(NULL, 'Nullable(Decimal(38, 6))') AS previous_revenue_usd,
            CAST(NULL, 'Nullable(Decimal(38, 6))') AS next_revenue_usd,
            1 AS recency_in_delivery
        FROM duckhouse_staging.stg_ad_serving__events
        WHERE (set_aside_reason IS NULL) AND (event_id IN (
            SELECT event_id
            FROM duckhouse_marts.fct_ad_events
            WHERE (record_count > 1) OR ((event_date, first_delivery_id) IN (
                SELECT
                    event_date,
                    _delivery_id
                FROM restating
            ))
        )) AND (event_id NOT IN (
            SELECT event_id
            FROM duckhouse_staging.stg_ad_serving__events
            WHERE (set_aside_reason IS NULL) AND (event_id IN (
                SELECT event_id
                FROM duckhouse_marts.fct_ad_events
                WHERE (record_count > 1) OR ((event_date, first_delivery_id) IN (
                    SELECT
                        event_date,
                        _delivery_id
                    FROM restating
                ))
            )) AND (event_id IS NOT NULL)
            GROUP BY event_id
            HAVING count(*) > 1
        ))
        UNION ALL
        SELECT
            event_id,
            event_type,
            event_date,
            publisher_id,
            campaign_id,
            revenue_usd,
            _delivery_id,
            _source_file,
            _source_row,
            last_known_revenue_usd,
            later_revenue_usd,
            lag(CAST(_delivery_id, 'Nullable(String)')) OVER states AS previous_delivery_id,
            lead(CAST(_delivery_id, 'Nullable(String)')) OVER states AS next_delivery_id,
            lag(CAST(_source_file, 'Nullable(String)')) OVER states AS previous_source_file,
            lead(CAST(_source_file, 'Nullable(String)')) OVER states AS next_source_file,
            lag(CAST(event_date, 'Nullable(Date32)')) OVER states AS previous_event_date,
            lead(CAST(event_date, 'Nullable(Date32)')) OVER states AS next_event_date,
            lag(CAST(publisher_id, 'Nullable(String)')) OVER states AS previous_publisher_id,
            lead(CAST(publisher_id, 'Nullable(String)')) OVER states AS next_publisher_id,
            lag(CAST(revenue_usd, 'Nullable(Decimal(38, 6))')) OVER states AS previous_revenue_usd,
            lead(CAST(revenue_usd, 'Nullable(Decimal(38, 6))')) OVER states AS next_revenue_usd,
            recency_in_delivery
        FROM
        (
            SELECT
                event_id,
                event_type,
                event_date,
                publisher_id,
                campaign_id,
                revenue_usd,
                _delivery_id,
                _source_file,
                _source_row,
                any(revenue_usd) IGNORE NULLS OVER history_so_far AS last_known_revenue_usd,
                count(revenue_usd) OVER later_history AS later_revenue_usd,
                row_number() OVER (PARTITION BY event_id, _delivery_id ORDER BY _delivery_id DESC, _source_file DESC, _source_row DESC) AS recency_in_delivery
            FROM duckhouse_staging.stg_ad_serving__events
            WHERE (set_aside_reason IS NULL) AND (event_id IN (
                SELECT event_id
                FROM duckhouse_marts.fct_ad_events
                WHERE (record_count > 1) OR ((event_date, first_delivery_id) IN (
                    SELECT
                        event_date,
                        _delivery_id
                    FROM restating
                ))
            )) AND (event_id IN (
                SELECT event_id
                FROM duckhouse_staging.stg_ad_serving__events
                WHERE (set_aside_reason IS NULL) AND (event_id IN (
                    SELECT event_id
                    FROM duckhouse_marts.fct_ad_events
                    WHERE (record_count > 1) OR ((event_date, first_delivery_id) IN (
                        SELECT
                            event_date,
                            _delivery_id
                        FROM restating
                    ))
                )) AND (event_id IS NOT NULL)
                GROUP BY event_id
                HAVING count(*) > 1
            ))
            WINDOW
                later_history AS (PARTITION BY event_id ORDER BY _delivery_id DESC, _source_file DESC, _source_row DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                history_so_far AS (PARTITION BY event_id ORDER BY _delivery_id DESC, _source_file DESC, _source_row DESC ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
        ) AS ranked
        WINDOW states AS (PARTITION BY event_id, recency_in_delivery ORDER BY _delivery_id ASC)
    ),
    arrivals AS
    (
        SELECT
            *,
            multiIf(recency_in_delivery = 1, 1, 0) AS direction,
            multiIf(recency_in_delivery > 1, 'replaced_in_delivery', next_delivery_id IS NOT NULL, 'replaced_by_delivery', 'current') AS fate,
            multiIf(recency_in_delivery > 1, 'repeated', previous_delivery_id IS NULL, 'first_seen', (previous_event_date IS DISTINCT FROM event_date) OR (previous_publisher_id IS DISTINCT FROM publisher_id), 'moved_in', previous_revenue_usd != revenue_usd, 'changed', (previous_revenue_usd IS NOT NULL) AND (revenue_usd IS NULL), 'set_to_null', (previous_revenue_usd IS NULL) AND (revenue_usd IS NOT NULL), 'reappeared', 'repeated') AS effect
        FROM states
    ),
    departures AS
    (
        SELECT
            *,
            -1 AS direction,
            'departed' AS fate,
            multiIf((next_event_date IS DISTINCT FROM event_date) OR (next_publisher_id IS DISTINCT FROM publisher_id), 'moved_out', 'replaced_here') AS effect
        FROM states
        WHERE (recency_in_delivery = 1) AND (next_delivery_id IS NOT NULL)
    ),
    movements AS
    (
        SELECT
            _delivery_id AS delivery_id,
            _source_file AS source_file,
            *
        FROM arrivals
        UNION ALL
        SELECT
            CAST(next_delivery_id, 'String') AS delivery_id,
            CAST(next_source_file, 'String') AS source_file,
            *
        FROM departures
    ),
    changes AS
    (
        SELECT
            max(event_date) AS day_of_event,
            publisher_id,
            max(delivery_id) AS id_of_delivery,
            max(event_id) AS id_of_event,
            max(event_type) AS type_of_event,
            max(campaign_id) AS campaign_of_event,
            min(multiIf((effect NOT IN ('repeated', 'replaced_here', 'known')), effect, NULL)) AS own_effect,
            max(caseWithExpression(effect, 'moved_in', previous_event_date, 'moved_out', next_event_date, NULL)) AS other_day,
            max(caseWithExpression(effect, 'moved_in', previous_publisher_id, 'moved_out', next_publisher_id, NULL)) AS other_publisher,
            sum(multiIf(direction = -1, coalesce(last_known_revenue_usd, 0), NULL)) AS revenue_before,
            sum(multiIf(direction = 1, coalesce(last_known_revenue_usd, 0), NULL)) AS revenue_after,
            sum(direction * coalesce(last_known_revenue_usd, 0)) AS moved_revenue,
            max(source_file) AS file_of_record,
            max(multiIf(direction = 1, _source_row, NULL)) AS row_of_record
        FROM movements
        GROUP BY
            event_date,
            publisher_id,
            delivery_id,
            event_id
    ),
    final AS
    (
        SELECT
            CAST(changes.day_of_event, 'Date32') AS event_date,
            changes.publisher_id AS publisher_id,
            publishers.publisher_name AS publisher_name,
            publishers.account_manager AS account_manager,
            CAST(changes.id_of_event, 'String') AS event_id,
            CAST(changes.type_of_event, 'Nullable(String)') AS event_type,
            CAST(changes.campaign_of_event, 'Nullable(String)') AS campaign_id,
            CAST(changes.id_of_delivery, 'String') AS delivery_id,
            CAST(restating._delivered_at, 'DateTime64(6, \'UTC\')') AS delivered_at,
            CAST(caseWithExpression(changes.own_effect, 'first_seen', 'late', 'changed', 'changed', 'set_to_null', 'set to NULL', 'reappeared', 'reappeared', 'moved_in', 'moved in', 'moved_out', 'moved out', 'retracted', 'retracted', 'restored', 'restored', 'retracted'), 'String') AS cause,
            CAST(changes.revenue_before, 'Nullable(Decimal(38, 6))') AS revenue_usd_before,
            CAST(changes.revenue_after, 'Nullable(Decimal(38, 6))') AS revenue_usd_after,
            CAST(changes.moved_revenue, 'Decimal(38, 6)') AS revenue_usd_difference,
            CAST(changes.other_day, 'Nullable(Date32)') AS other_event_date,
            CAST(changes.other_publisher, 'Nullable(String)') AS other_publisher_id,
            CAST(changes.file_of_record, 'String') AS source_file,
            CAST(changes.row_of_record, 'Nullable(Int64)') AS source_row
        FROM changes
        INNER JOIN restating ON (changes.day_of_event = restating.event_date) AND (changes.id_of_delivery = restating._delivery_id)
        LEFT JOIN duckhouse_marts.dim_publishers AS publishers ON changes.publisher_id = publishers.publisher_id
        WHERE (changes.own_effect IS NOT NULL) OR (changes.moved_revenue != 0)
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
