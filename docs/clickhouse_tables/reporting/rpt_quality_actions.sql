CREATE VIEW duckhouse_reporting.rpt_quality_actions
(
    `rank` Int64 COMMENT '1 is to be done first.',
    `source` String COMMENT 'Source system.',
    `source_label` String COMMENT 'The source system as a page calls it.',
    `rule_id` String COMMENT 'The rule that found it.',
    `title` String COMMENT 'What is found, in a few words.',
    `action` String COMMENT 'What to do.',
    `owner` String COMMENT 'Who fixes it.',
    `severity` String COMMENT 'error where figures are wrong, warning where they may be, information where the pipeline already fixes it.\n',
    `findings` Int64 COMMENT 'Open findings that nobody has acknowledged; the other columns are about these.',
    `records` Int64 COMMENT 'Records behind the open findings, of all deliveries.',
    `impact_amount` Nullable(Decimal(38, 6)) COMMENT 'Amount that open findings are about, whatever its sign; NULL where no money is touched.',
    `impact_currency` Nullable(String) COMMENT 'ISO 4217 currency of the amount; NULL where no money is touched.',
    `first_day` Nullable(Date32) COMMENT 'First UTC day that an open finding is about; NULL where they are about none.',
    `last_day` Nullable(Date32) COMMENT 'Last UTC day that an open finding is about.'
)
COMMENT 'One row per rule with open errors or warnings that nobody has acknowledged: what to do about them, and who. Answers what to do first: rank goes by the money at stake, then errors before warnings, then records. Asked each morning; the report shows the first five.\n'
AS WITH
    to_do AS
    (
        SELECT
            rule_id,
            count(*) AS finding_count,
            sum(record_count) AS records_found,
            sum(abs(impact_amount)) AS amount,
            max(impact_currency) AS currency,
            min(event_date) AS earliest_day,
            max(event_date) AS latest_day
        FROM duckhouse_quality.fct_dq_findings
        WHERE is_open AND (NOT is_acknowledged) AND (severity IN ('error', 'warning'))
        GROUP BY rule_id
    ),
    final AS
    (
        SELECT
            CAST(row_number() OVER (ORDER BY multiIf(rules.severity = 'information', 1, 0) ASC, coalesce(to_do.amount, 0) DESC, rules.severity ASC, coalesce(to_do.records_found, 0) DESC, to_do.rule_id ASC), 'Int64') AS rank,
            rules.source AS source,
            CAST(caseWithExpression(rules.source, 'ad_delivery', 'Ad delivery', 'ad_serving', 'Ad serving', 'consent', 'Consent', 'reviews', 'Reviews', 'telemetry', 'Telemetry', rules.source), 'String') AS source_label,
            rules.rule_id AS rule_id,
            rules.title AS title,
            rules.fix AS action,
            rules.owner AS owner,
            rules.severity AS severity,
            CAST(to_do.finding_count, 'Int64') AS findings,
            CAST(to_do.records_found, 'Int64') AS records,
            CAST(to_do.amount, 'Nullable(Decimal(38, 6))') AS impact_amount,
            CAST(to_do.currency, 'Nullable(String)') AS impact_currency,
            CAST(to_do.earliest_day, 'Nullable(Date32)') AS first_day,
            CAST(to_do.latest_day, 'Nullable(Date32)') AS last_day
        FROM to_do
        INNER JOIN duckhouse_quality.dim_dq_rules AS rules ON to_do.rule_id = rules.rule_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
