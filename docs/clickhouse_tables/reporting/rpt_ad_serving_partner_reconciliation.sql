CREATE VIEW duckhouse_reporting.rpt_ad_serving_partner_reconciliation
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
COMMENT 'One row per publisher, partner\'s system and period of the partner\'s ledger: the partner\'s amount beside ours.\nFinance: does the partner owe what we count? Compared is what we knew when the ledger came; revenue_usd_now has the corrections since. Tolerated is a share of our amount (var dq_partner_tolerance) and a cent for rounding (var dq_partner_rounding); beyond it, the rule partner_ledger_differs reports an error. UTC days, gross. A record in another currency, without an amount or without a period is left out. Built with the rules.\n'
AS WITH
    __dbt__cte__int_ad_serving__partner_periods AS
    (
        WITH
            ledger AS
            (
                SELECT *
                FROM duckhouse_staging.stg_ad_serving__partner_ledger
                WHERE (period_end IS NOT NULL) AND (partner_amount IS NOT NULL) AND (partner_currency = 'USD')
                QUALIFY row_number() OVER (PARTITION BY partner_account_id, source_system, period_end ORDER BY _delivery_id DESC, _source_file DESC, _source_row DESC) = 1
            ),
            periods AS
            (
                SELECT
                    *,
                    lag(CAST(period_end, 'Nullable(Date32)')) OVER (PARTITION BY partner_account_id, source_system ORDER BY period_end ASC) AS previous_end
                FROM ledger
            ),
            known_then AS
            (
                SELECT
                    periods.partner_account_id AS partner_account_id,
                    periods.source_system AS source_system,
                    periods.period_end AS period_end,
                    figures.event_date AS event_date,
                    figures.revenue_usd AS revenue_usd,
                    figures.impressions AS impressions
                FROM periods
                INNER JOIN duckhouse_marts.fct_ad_events_as_of AS figures ON periods.partner_account_id = figures.publisher_id
                WHERE ((periods.previous_end IS NULL) OR (figures.event_date > periods.previous_end)) AND (figures.event_date <= periods.period_end) AND (figures._delivery_id <= periods._delivery_id)
                QUALIFY row_number() OVER (PARTITION BY periods.partner_account_id, periods.source_system, periods.period_end, figures.event_date ORDER BY figures._delivery_id DESC) = 1
            ),
            ours AS
            (
                SELECT
                    partner_account_id,
                    source_system,
                    period_end,
                    sum(revenue_usd) AS revenue_usd,
                    sum(impressions) AS impressions
                FROM known_then
                GROUP BY
                    partner_account_id,
                    source_system,
                    period_end
            ),
            compared AS
            (
                SELECT
                    periods.partner_account_id AS partner_account_id,
                    periods.source_system AS source_system,
                    periods.period_end AS period_end,
                    periods.previous_end AS previous_end,
                    periods.partner_amount AS partner_amount,
                    periods._delivery_id AS _delivery_id,
                    periods._delivered_at AS _delivered_at,
                    coalesce(ours.revenue_usd, 0) AS revenue_usd,
                    coalesce(ours.impressions, 0) AS impressions,
                    periods.partner_amount - coalesce(ours.revenue_usd, 0) AS difference,
                    CAST(if(coalesce(1000000, 0) = 0, NULL, divideDecimal(abs(coalesce(ours.revenue_usd, 0)) * 5000, CAST(if(coalesce(1000000, 0) = 0, 1, 1000000), 'Decimal(38, 0)'), 6)), 'Nullable(Decimal(38, 6))') + CAST('0.01', 'Decimal(38, 6)') AS tolerated
                FROM periods
                LEFT JOIN ours ON (periods.partner_account_id = ours.partner_account_id) AND (periods.source_system = ours.source_system) AND (periods.period_end = ours.period_end)
            )
        SELECT *
        FROM compared
    ),
    periods AS
    (
        SELECT *
        FROM __dbt__cte__int_ad_serving__partner_periods
    ),
    known_now AS
    (
        SELECT
            periods.partner_account_id AS partner_account_id,
            periods.source_system AS source_system,
            periods.period_end AS period_end,
            sum(daily.revenue_usd) AS revenue_usd
        FROM periods
        INNER JOIN duckhouse_marts.fct_ad_events_daily AS daily ON periods.partner_account_id = daily.publisher_id
        WHERE ((periods.previous_end IS NULL) OR (daily.event_date > periods.previous_end)) AND (daily.event_date <= periods.period_end)
        GROUP BY
            periods.partner_account_id,
            periods.source_system,
            periods.period_end
    ),
    final AS
    (
        SELECT
            CAST(periods.period_end, 'Date32') AS period_end,
            CAST(periods.previous_end + toIntervalDay(1), 'Nullable(Date32)') AS period_start,
            CAST(periods.partner_account_id, 'Nullable(String)') AS publisher_id,
            publishers.publisher_name AS publisher_name,
            publishers.account_manager AS account_manager,
            CAST(periods.source_system, 'Nullable(String)') AS partner_system,
            CAST(periods.partner_amount, 'Decimal(38, 6)') AS revenue_usd_partner,
            CAST(periods.revenue_usd, 'Decimal(38, 6)') AS revenue_usd_then,
            CAST(coalesce(known_now.revenue_usd, 0), 'Decimal(38, 6)') AS revenue_usd_now,
            CAST(periods.difference, 'Decimal(38, 6)') AS revenue_usd_difference,
            CAST(periods.difference, 'Nullable(Float64)') / nullIf(CAST(periods.revenue_usd, 'Nullable(Float64)'), 0) AS difference_share,
            CAST(periods.tolerated, 'Decimal(38, 6)') AS revenue_usd_tolerated,
            CAST(abs(periods.difference) <= periods.tolerated, 'Bool') AS is_within_tolerance,
            CAST(periods._delivery_id, 'String') AS delivery_id,
            CAST(periods._delivered_at, 'DateTime64(6, \'UTC\')') AS delivered_at
        FROM periods
        LEFT JOIN known_now ON (periods.partner_account_id = known_now.partner_account_id) AND (periods.source_system = known_now.source_system) AND (periods.period_end = known_now.period_end)
        LEFT JOIN duckhouse_marts.dim_publishers AS publishers ON periods.partner_account_id = publishers.publisher_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
