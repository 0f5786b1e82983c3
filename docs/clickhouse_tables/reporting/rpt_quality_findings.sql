CREATE VIEW duckhouse_reporting.rpt_quality_findings
(
    `finding_id` String COMMENT 'Hash of the rule and the key.',
    `rule_id` String COMMENT 'The rule that found it.',
    `source` String COMMENT 'Source system.',
    `source_label` String COMMENT 'The source system as a page calls it.',
    `entity` String COMMENT 'Entity of the source.',
    `severity` String COMMENT 'error where figures are wrong, warning where they may be, information where the pipeline already fixes it.\n',
    `title` String COMMENT 'What is found, in a few words.',
    `owner` String COMMENT 'Who fixes it.',
    `fix` String COMMENT 'How it is fixed.',
    `is_open` Bool COMMENT 'Whether it still holds; false for an event of which a later delivery has another record.',
    `is_acknowledged` Bool COMMENT 'Whether it is accepted for now (seeds/acknowledged_findings.csv), so that it neither warns nor blocks.\n',
    `acknowledgement` Nullable(String) COMMENT 'Why it is accepted; NULL where it is not acknowledged.',
    `finding_key` String COMMENT 'Key of the record, or the cell of the aggregate.',
    `place` Int64 COMMENT 'Rank among the open, or the closed, findings of the rule by their amount, whatever its sign, then by records.\n',
    `is_about_event` Bool COMMENT 'Whether finding_key is an event of the marts.',
    `event_mart` Nullable(String) COMMENT 'The mart of schema marts that has the events of the source; NULL where it names none.',
    `event_key` Nullable(String) COMMENT 'The column of that mart that finding_key is a value of, where the finding is about an event.',
    `event_date` Nullable(Date32) COMMENT 'The UTC day that it is about; NULL where it is about none.',
    `observed` Nullable(String) COMMENT 'What is there, by the latest delivery that shows it.',
    `expected` Nullable(String) COMMENT 'What the rule expects.',
    `record_count` Int64 COMMENT 'Records behind it, of all deliveries.',
    `impact_amount` Nullable(Decimal(38, 6)) COMMENT 'Amount that depends on it; NULL where no money is touched.',
    `impact_currency` Nullable(String) COMMENT 'ISO 4217 currency of the amount; NULL where no money is touched.',
    `evidence` String COMMENT 'The figures behind it, as JSON.',
    `first_delivery_id` String COMMENT 'The first delivery that brought what is found.',
    `last_delivery_id` String COMMENT 'The last delivery that brought what is found.'
)
COMMENT 'One row per rule and key at fault, closed findings included, with what the rule is about and who fixes it. For a look at single findings: filter by rule_id and is_open. Asked by whoever works on an action of rpt_quality_actions.\n'
AS WITH
    final AS
    (
        SELECT
            findings.finding_id AS finding_id,
            findings.rule_id AS rule_id,
            findings.source AS source,
            CAST(caseWithExpression(findings.source, 'ad_delivery', 'Ad delivery', 'ad_serving', 'Ad serving', 'consent', 'Consent', 'reviews', 'Reviews', 'telemetry', 'Telemetry', findings.source), 'String') AS source_label,
            findings.entity AS entity,
            findings.severity AS severity,
            CAST(coalesce(rules.title, ''), 'String') AS title,
            CAST(coalesce(rules.owner, ''), 'String') AS owner,
            CAST(coalesce(rules.fix, ''), 'String') AS fix,
            findings.is_open AS is_open,
            findings.is_acknowledged AS is_acknowledged,
            findings.acknowledgement AS acknowledgement,
            findings.finding_key AS finding_key,
            CAST(row_number() OVER (PARTITION BY findings.rule_id, findings.is_open ORDER BY abs(findings.impact_amount) DESC NULLS LAST, findings.record_count DESC, findings.finding_key ASC), 'Int64') AS place,
            findings.is_about_event AS is_about_event,
            CAST(multiIf(findings.source = 'ad_delivery', 'fct_ad_delivery_events', findings.source = 'ad_serving', 'fct_ad_events', findings.source = 'consent', 'fct_consent_events', findings.source = 'reviews', 'fct_product_reviews', findings.source = 'telemetry', 'fct_device_readings', NULL), 'Nullable(String)') AS event_mart,
            CAST(multiIf(findings.source = 'ad_delivery', 'event_id', findings.source = 'ad_serving', 'event_id', findings.source = 'consent', 'event_id', findings.source = 'reviews', 'review_id', findings.source = 'telemetry', 'reading_id', NULL), 'Nullable(String)') AS event_key,
            findings.event_date AS event_date,
            findings.observed AS observed,
            findings.expected AS expected,
            findings.record_count AS record_count,
            findings.impact_amount AS impact_amount,
            findings.impact_currency AS impact_currency,
            findings.evidence AS evidence,
            findings.first_delivery_id AS first_delivery_id,
            findings.last_delivery_id AS last_delivery_id
        FROM duckhouse_quality.fct_dq_findings AS findings
        LEFT JOIN duckhouse_quality.dim_dq_rules AS rules ON findings.rule_id = rules.rule_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
