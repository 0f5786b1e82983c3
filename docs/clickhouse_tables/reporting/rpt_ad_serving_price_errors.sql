CREATE TABLE duckhouse_reporting.rpt_ad_serving_price_errors
(
    `finding_id` String COMMENT 'The finding of fct_dq_findings.',
    `reporting_month` Date32 COMMENT 'First day of the month, of days in the publisher\'s own time zone.',
    `rule_id` String COMMENT 'The rule that found it.',
    `title` String COMMENT 'What is found, in a few words.',
    `finding_key` String COMMENT 'Key of the record, or the cell of the aggregate.',
    `publisher_id` String COMMENT 'Key of the publisher as delivered; it may be missing from dim_publishers.',
    `publisher_name` Nullable(String) COMMENT 'Display name of today; NULL where no delivery knows the publisher.',
    `account_manager` Nullable(String) COMMENT 'Who looks after the publisher today.',
    `campaign_id` Nullable(String) COMMENT 'The campaign whose price on the publisher it is; NULL where it is the price of all campaigns.',
    `event_date` Nullable(Date32) COMMENT 'The UTC day whose price it is; NULL where it is the price of all days.',
    `price_usd` Nullable(String) COMMENT 'Median price of an impression in US dollars, as the finding tells it ($4.62).',
    `expected_price_usd` Nullable(String) COMMENT 'What its peers suggest, in the same form.',
    `revenue_usd_in_doubt` Decimal(38, 6) COMMENT 'US dollars of the month by which revenue would change if the price were the expected one.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per open error about prices of a publisher and month of its own days with revenue that it is about: the price, and the amount that depends on it.\nFinance: which amounts wait, and why? An error about a day is in the month of that day; one about all days of a publisher, or of a campaign on it, is in each month. Its amount is shared out by the revenue of the months, each share cut to the micro-dollar. Rules: publisher_price_out_of_line, publisher_price_step, cell_price_out_of_line. Built with the rules.\n'
