CREATE VIEW duckhouse_reporting.rpt_quality_rule_days
(
    `rule_id` String COMMENT 'The rule that found it.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `open_findings` Int64 COMMENT 'Open findings about the day.'
)
COMMENT 'One row per rule and UTC day that its open findings are about: how many there are. Answers whether a fault grows or has stopped.\n'
AS WITH
    days AS
    (
        SELECT
            rule_id,
            event_date AS day,
            count(*) AS found
        FROM duckhouse_quality.fct_dq_findings
        WHERE is_open AND (event_date IS NOT NULL)
        GROUP BY
            rule_id,
            event_date
    ),
    final AS
    (
        SELECT
            rule_id,
            CAST(day, 'Date32') AS event_date,
            CAST(found, 'Int64') AS open_findings
        FROM days
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
