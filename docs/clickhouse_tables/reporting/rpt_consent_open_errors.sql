CREATE VIEW duckhouse_reporting.rpt_consent_open_errors
(
    `company_id` Nullable(String) COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `events_stored_in_open_errors` Int64 COMMENT 'Stored events with an open error of their own, each counted once.',
    `events_in_open_errors` Decimal(38, 6) COMMENT 'Events of the population that they stand for, weighted once; part of rpt_consent_companies.events.'
)
COMMENT 'One row per company_id with events that an open error of data quality is about: how many of its events that are. Answers how much of a company\'s volume to distrust; rpt_quality_findings has the errors. Companies without such events have no row.\n'
AS WITH
    errors AS
    (
        SELECT DISTINCT finding_key
        FROM duckhouse_quality.fct_dq_findings
        WHERE (source = 'consent') AND (severity = 'error') AND is_open AND is_about_event
    ),
    totals AS
    (
        SELECT
            events.company_id AS company,
            sum(events.events_stored) AS stored_count,
            sum(events.events_weighted_once) AS volume
        FROM duckhouse_marts.fct_consent_events AS events
        INNER JOIN errors ON events.event_id = errors.finding_key
        GROUP BY events.company_id
    ),
    final AS
    (
        SELECT
            CAST(company, 'Nullable(String)') AS company_id,
            CAST(stored_count, 'Int64') AS events_stored_in_open_errors,
            CAST(round(volume, 6), 'Decimal(38, 6)') AS events_in_open_errors
        FROM totals
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
