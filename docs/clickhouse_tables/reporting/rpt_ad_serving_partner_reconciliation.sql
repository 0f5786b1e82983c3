CREATE TABLE duckhouse_reporting.rpt_ad_serving_partner_reconciliation
(
    `period_end` Date32 COMMENT 'Last UTC day of the period.',
    `period_start` Nullable(Date32) COMMENT 'First UTC day of the period; NULL where it is the first one, which has all days before.',
    `publisher_id` Nullable(String) COMMENT 'Key of the publisher as delivered; it may be missing from dim_publishers.',
    `publisher_name` Nullable(String) COMMENT 'Display name of today; NULL where no delivery knows the publisher.',
    `account_manager` Nullable(String) COMMENT 'Who looks after the publisher today.',
    `partner_system` Nullable(String) COMMENT 'Where the partner takes its amount from (source_system).',
    `revenue_usd_partner` Decimal(38, 6) COMMENT 'US dollars that the partner says.',
    `revenue_usd_then` Decimal(38, 6) COMMENT 'US dollars of the period, last known amounts, when the ledger was delivered.',
    `revenue_usd_now` Decimal(38, 6) COMMENT 'US dollars of the period, last known amounts, now.',
    `revenue_usd_difference` Decimal(38, 6) COMMENT 'US dollars of the partner less ours of then.',
    `difference_share` Nullable(Float64) COMMENT 'revenue_usd_difference / revenue_usd_then.',
    `revenue_usd_tolerated` Decimal(38, 6) COMMENT 'US dollars by which the two may differ.',
    `is_within_tolerance` Bool COMMENT 'Whether they differ by no more.',
    `delivery_id` String COMMENT 'The delivery; deliveries count in the order of their ids.',
    `delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per publisher, partner\'s system and period of the partner\'s ledger: the partner\'s amount beside ours.\nFinance: does the partner owe what we count? Compared is what we knew when the ledger came; revenue_usd_now has the corrections since. Tolerated is a share of our amount (var dq_partner_tolerance) and a cent for rounding (var dq_partner_rounding); beyond it, the rule partner_ledger_differs reports an error. UTC days, gross. A record in another currency, without an amount or without a period is left out. Built with the rules.\n'
