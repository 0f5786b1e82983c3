CREATE VIEW duckhouse_reporting.rpt_quality_rules
(
    `rule_id` String COMMENT 'The rule that found it.',
    `source` String COMMENT 'Source system.',
    `source_label` String COMMENT 'The source system as a page calls it.',
    `entity` String COMMENT 'Entity of the source.',
    `title` String COMMENT 'What is found, in a few words.',
    `why` String COMMENT 'What it costs the business where nobody sees it.',
    `severity` String COMMENT 'error where figures are wrong, warning where they may be, information where the pipeline already fixes it.\n',
    `pipeline_action` String COMMENT 'What the pipeline does: keep counts the record as it is, flag marks it in the marts, set aside keeps it out of them, block publishes nothing.\n',
    `owner` String COMMENT 'Who fixes it.',
    `fix` String COMMENT 'How it is fixed.',
    `example_key` Nullable(String) COMMENT 'The open finding with the most money, then records; NULL where none is open.',
    `example_observed` Nullable(String) COMMENT 'What is there.',
    `example_expected` Nullable(String) COMMENT 'What the rule expects.',
    `example_evidence` Nullable(String) COMMENT 'The figures behind it, as JSON.',
    `place` Int64 COMMENT 'Rank by what to do first: information comes last; then the money of open findings, errors before warnings, and records.\n',
    `open_findings` Int64 COMMENT 'Findings that still hold, acknowledged ones among them.',
    `acknowledged_findings` Int64 COMMENT 'Open findings that are acknowledged (seeds/acknowledged_findings.csv).',
    `closed_findings` Int64 COMMENT 'Findings that a later delivery has fixed.',
    `records` Int64 COMMENT 'Records behind the open findings, of all deliveries.',
    `impact_amount` Nullable(Decimal(38, 6)) COMMENT 'Amount that open findings are about, whatever its sign; NULL where no money is touched.',
    `impact_currency` Nullable(String) COMMENT 'ISO 4217 currency of the amount; NULL where no money is touched.',
    `first_day` Nullable(Date32) COMMENT 'First UTC day that an open finding is about; NULL where they are about none.',
    `last_day` Nullable(Date32) COMMENT 'Last UTC day that an open finding is about.'
)
COMMENT 'One row per rule of data quality: what it looks for and why, what it found, and how to fix it, with the most expensive finding as an example. Asked by the owners of rules. place ranks rules as rpt_quality_actions does, with what the pipeline fixes last. Amounts of rules do not add up: an event with two faults counts with both.\n'
AS WITH
    findings AS
    (
        SELECT *
        FROM duckhouse_reporting.rpt_quality_findings
    ),
    found AS
    (
        SELECT
            rule_id,
            countIf(is_open) AS open_count,
            countIf(is_open AND is_acknowledged) AS acknowledged_count,
            countIf(NOT is_open) AS closed_count,
            sum(multiIf(is_open, record_count, 0)) AS records,
            sum(multiIf(is_open, abs(impact_amount), NULL)) AS amount,
            max(multiIf(is_open, impact_currency, NULL)) AS currency,
            min(multiIf(is_open, event_date, NULL)) AS earliest_day,
            max(multiIf(is_open, event_date, NULL)) AS latest_day
        FROM findings
        GROUP BY rule_id
    ),
    examples AS
    (
        SELECT *
        FROM findings
        WHERE is_open AND (place = 1)
    ),
    final AS
    (
        SELECT
            rules.rule_id AS rule_id,
            rules.source AS source,
            CAST(caseWithExpression(rules.source, 'ad_delivery', 'Ad delivery', 'ad_serving', 'Ad serving', 'consent', 'Consent', 'reviews', 'Reviews', 'telemetry', 'Telemetry', rules.source), 'String') AS source_label,
            rules.entity AS entity,
            rules.title AS title,
            rules.why AS why,
            rules.severity AS severity,
            rules.action AS pipeline_action,
            rules.owner AS owner,
            rules.fix AS fix,
            CAST(examples.finding_key, 'Nullable(String)') AS example_key,
            CAST(examples.observed, 'Nullable(String)') AS example_observed,
            CAST(examples.expected, 'Nullable(String)') AS example_expected,
            CAST(examples.evidence, 'Nullable(String)') AS example_evidence,
            CAST(row_number() OVER (ORDER BY multiIf(rules.severity = 'information', 1, 0) ASC, coalesce(found.amount, 0) DESC, rules.severity ASC, coalesce(found.records, 0) DESC, rules.rule_id ASC), 'Int64') AS place,
            CAST(coalesce(found.open_count, 0), 'Int64') AS open_findings,
            CAST(coalesce(found.acknowledged_count, 0), 'Int64') AS acknowledged_findings,
            CAST(coalesce(found.closed_count, 0), 'Int64') AS closed_findings,
            CAST(coalesce(found.records, 0), 'Int64') AS records,
            CAST(found.amount, 'Nullable(Decimal(38, 6))') AS impact_amount,
            CAST(found.currency, 'Nullable(String)') AS impact_currency,
            CAST(found.earliest_day, 'Nullable(Date32)') AS first_day,
            CAST(found.latest_day, 'Nullable(Date32)') AS last_day
        FROM duckhouse_quality.dim_dq_rules AS rules
        LEFT JOIN found ON rules.rule_id = found.rule_id
        LEFT JOIN examples ON rules.rule_id = examples.rule_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
