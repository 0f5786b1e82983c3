CREATE TABLE duckhouse_quality.fct_dq_findings
(
    `finding_id` String COMMENT 'Hash of the rule and the key.',
    `rule_id` String COMMENT 'The rule that found it.',
    `source` String COMMENT 'Source system.',
    `entity` String COMMENT 'Entity of the source.',
    `scope` String COMMENT 'What has to be looked at to see it: row (one record), file, deliveries (several of them), sources (events beside dimensions or a ledger) or aggregate.',
    `severity` String COMMENT 'error, warning or information.',
    `finding_key` String COMMENT 'Key of the record, or the cell of the aggregate.',
    `event_date` Nullable(Date32) COMMENT 'The UTC day that it is about; NULL where it is about none.',
    `observed` Nullable(String) COMMENT 'What is there, by the latest delivery that shows it.',
    `expected` Nullable(String) COMMENT 'What the rule expects.',
    `record_count` Int64 COMMENT 'Records behind it, of all deliveries.',
    `impact_amount` Nullable(Decimal(38, 6)) COMMENT 'Amount that depends on it; NULL if no money is involved.',
    `impact_currency` Nullable(String) COMMENT 'ISO 4217 currency of the amount, which is that of the source; NULL if no money is involved.',
    `evidence` String COMMENT 'The figures behind it, as JSON.',
    `first_delivery_id` String COMMENT 'The first delivery that brought what is found.',
    `last_delivery_id` String COMMENT 'The last delivery that brought what is found.',
    `is_open` Bool COMMENT 'Whether it still holds; false for an event of which a later delivery has another record.',
    `is_about_event` Bool COMMENT 'Whether finding_key is an event of the marts.',
    `is_acknowledged` Bool COMMENT 'Whether seeds/acknowledged_findings.csv accepts it up to the day of the last delivery of its source or a later one, so that it neither warns nor blocks.\n',
    `acknowledgement` Nullable(String) COMMENT 'Why it is accepted; NULL where it is not acknowledged.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per rule and key at fault: everything that the rules found in everything that was delivered. Key: finding_id; also (rule_id, finding_key). A finding about an event is closed once a later delivery says otherwise of it; it stays here.\n'
