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
    `findings` Int64 COMMENT 'Open findings.',
    `records` Int64 COMMENT 'Records behind the open findings, of all deliveries.',
    `impact_amount` Nullable(Decimal(38, 6)) COMMENT 'Amount that open findings are about, whatever its sign; NULL where no money is touched.',
    `impact_currency` Nullable(String) COMMENT 'ISO 4217 currency of the amount; NULL where no money is touched.',
    `first_day` Nullable(Date32) COMMENT 'First UTC day that an open finding is about; NULL where they are about none.',
    `last_day` Nullable(Date32) COMMENT 'Last UTC day that an open finding is about.'
)
COMMENT 'One row per rule with open errors or warnings: what to do about it, and who. Answers what to do first: rank goes by the money at stake, then errors before warnings, then records. Asked each morning; the report shows the first five.\n'
AS WITH
    to_do AS
    (
        SELECT *
        FROM duckhouse_reporting.rpt_quality_rules
        WHERE (open_findings > 0) AND (severity IN ('error', 'warning'))
    ),
    final AS
    (
        SELECT
            CAST(row_number() OVER (ORDER BY coalesce(impact_amount, 0) DESC, severity ASC, records DESC, rule_id ASC), 'Int64') AS rank,
            source,
            source_label,
            rule_id,
            title,
            fix AS action,
            owner,
            severity,
            open_findings AS findings,
            records,
            impact_amount,
            impact_currency,
            first_day,
            last_day
        FROM to_do
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
