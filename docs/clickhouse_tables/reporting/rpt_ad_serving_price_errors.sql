CREATE VIEW duckhouse_reporting.rpt_ad_serving_price_errors
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
COMMENT 'One row per open error about prices of a publisher and month of its own days with revenue that it is about: the price, and the amount that depends on it.\nFinance: which amounts wait, and why? An error about a day is in the month of that day; one about all days of a publisher, or of a campaign on it, is in each month. Its amount is shared out by the revenue of the months, each share cut to the micro-dollar. Rules: publisher_price_out_of_line, publisher_price_step, cell_price_out_of_line. Built with the rules.\n'
AS WITH
    errors AS
    (
        SELECT
            *,
            regexpExtract(finding_key, '^([^|]*)', 1) AS publisher_of_key,
            multiIf(event_date IS NULL, nullIf(regexpExtract(finding_key, '[|](.*)$', 1), ''), NULL) AS campaign_of_key
        FROM duckhouse_quality.fct_dq_findings
        WHERE is_open AND (rule_id IN ('ad_serving__publisher_price_out_of_line', 'ad_serving__publisher_price_step', 'ad_serving__cell_price_out_of_line'))
    ),
    months AS
    (
        SELECT
            errors.finding_id AS finding_id,
            CAST(concat(substring(CAST(daily.reporting_date, 'String'), 1, 7), '-01'), 'Date32') AS first_of_month,
            CAST(sum(daily.revenue_usd) * 1000000, 'Int64') AS micros_of_month
        FROM errors
        INNER JOIN duckhouse_marts.fct_ad_events_daily AS daily ON errors.publisher_of_key = daily.publisher_id
        WHERE ((errors.event_date IS NULL) OR (errors.event_date = daily.event_date)) AND ((errors.campaign_of_key IS NULL) OR (errors.campaign_of_key = daily.campaign_id))
        GROUP BY
            errors.finding_id,
            CAST(concat(substring(CAST(daily.reporting_date, 'String'), 1, 7), '-01'), 'Date32')
        HAVING sum(daily.revenue_usd) != 0
    ),
    shared AS
    (
        SELECT
            *,
            CAST(sum(micros_of_month) OVER (PARTITION BY finding_id), 'Int64') AS micros_of_error
        FROM months
    ),
    final AS
    (
        SELECT
            errors.finding_id AS finding_id,
            shared.first_of_month AS reporting_month,
            errors.rule_id AS rule_id,
            CAST(rules.title, 'String') AS title,
            errors.finding_key AS finding_key,
            CAST(errors.publisher_of_key, 'String') AS publisher_id,
            publishers.publisher_name AS publisher_name,
            publishers.account_manager AS account_manager,
            CAST(errors.campaign_of_key, 'Nullable(String)') AS campaign_id,
            errors.event_date AS event_date,
            errors.observed AS price_usd,
            errors.expected AS expected_price_usd,
            CAST(coalesce(CAST(if(coalesce(shared.micros_of_error, 0) = 0, NULL, divideDecimal(CAST(abs(coalesce(errors.impact_amount, 0)), 'Decimal(38, 6)') * shared.micros_of_month, CAST(if(coalesce(shared.micros_of_error, 0) = 0, 1, shared.micros_of_error), 'Decimal(38, 0)'), 6)), 'Nullable(Decimal(38, 6))'), 0), 'Decimal(38, 6)') AS revenue_usd_in_doubt
        FROM errors
        INNER JOIN shared ON errors.finding_id = shared.finding_id
        INNER JOIN duckhouse_quality.dim_dq_rules AS rules ON errors.rule_id = rules.rule_id
        LEFT JOIN duckhouse_marts.dim_publishers AS publishers ON errors.publisher_of_key = publishers.publisher_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
