CREATE TABLE duckhouse_reporting.rpt_quality_rules
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
    `place` Int64 COMMENT 'Rank by what to do first: information comes last; then the money of open findings, errors before warnings, and records.\n',
    `open_findings` Int64 COMMENT 'Findings that still hold, acknowledged ones among them.',
    `acknowledged_findings` Int64 COMMENT 'Open findings that are acknowledged (seeds/acknowledged_findings.csv).',
    `closed_findings` Int64 COMMENT 'Findings that a later delivery has fixed.',
    `records` Int64 COMMENT 'Records behind the open findings, of all deliveries.',
    `impact_amount` Nullable(Decimal(38, 6)) COMMENT 'Amount that open findings are about, whatever its sign; NULL where no money is touched.',
    `impact_currency` Nullable(String) COMMENT 'ISO 4217 currency of the amount; NULL where no money is touched.',
    `first_day` Nullable(Date32) COMMENT 'First UTC day that an open finding is about; NULL where they are about none.',
    `last_day` Nullable(Date32) COMMENT 'Last UTC day that an open finding is about.',
    `example_key` Nullable(String) COMMENT 'The open finding with the most money, then records; NULL where none is open.',
    `example_observed` Nullable(String) COMMENT 'What is there.',
    `example_expected` Nullable(String) COMMENT 'What the rule expects.',
    `example_evidence` Nullable(String) COMMENT 'The figures behind it, as JSON.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per rule of data quality: what it looks for and why, what it found, and how to fix it, with the most expensive finding as an example. Asked by the owners of rules. place ranks rules as rpt_quality_actions does, with what the pipeline fixes last. Amounts of rules do not add up: an event with two faults counts with both.\n'
