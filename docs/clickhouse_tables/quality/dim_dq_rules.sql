CREATE TABLE duckhouse_quality.dim_dq_rules
(
    `rule_id` String COMMENT 'The rule that found it.',
    `source` String COMMENT 'Source system.',
    `entity` String COMMENT 'Entity of the source.',
    `scope` String COMMENT 'What has to be looked at to see it: row (one record), file, deliveries (several of them), sources (events beside dimensions or a ledger) or aggregate.',
    `title` String COMMENT 'What is found, in a few words.',
    `why` String COMMENT 'What it costs the business if no one notices.',
    `severity` String COMMENT 'error where figures are wrong, warning where they may be, information where the pipeline already fixes it.',
    `action` String COMMENT 'What the pipeline does: keep counts the record as it is, flag marks it in the marts, set aside keeps it out of them, block fails the build.\n',
    `owner` String COMMENT 'Who fixes it.',
    `fix` String COMMENT 'How it is fixed.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per rule of data quality of the sources that are built: what it finds, why that matters, what is done about it. Key: rule_id. The words of a source\'s own rules come from the YAML of their models (models/quality/<source>/rules/), those of shared rules from here; what a source says otherwise stands in the YAML of the model that gathers the rule (config.meta.rules).\n'
