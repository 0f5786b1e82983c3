CREATE VIEW duckhouse_reporting.rpt_ad_serving_signals
(
    `rule_id` String COMMENT 'The rule that gives the signal.',
    `title` String COMMENT 'What is found, in a few words.',
    `traffic_class` String COMMENT 'general (a list or a parameter tells) or sophisticated (several must come together).',
    `points` Int64 COMMENT 'What the signal adds to the score of an event.',
    `events` Int64 COMMENT 'Events that carry it.',
    `events_invalid_or_suspect` Int64 COMMENT 'Those of them that are general invalid or suspect traffic.',
    `revenue_usd_invalid_or_suspect` Decimal(38, 6) COMMENT 'US dollars of these, last known amounts.',
    `why` String COMMENT 'What the signal says, and what else may be behind it.'
)
COMMENT 'One row per signal of invalid traffic: its points, how many events carry it, and what their revenue is.\nAd ops: which signals make traffic invalid or suspect? The points of the signals of an event add up to its score. A general signal is enough for general invalid; no other makes an event suspect alone. An event with several signals counts with each. Built with the rules.\n'
AS WITH
    combinations AS
    (
        SELECT
            parts,
            count(*) AS event_count,
            countIf(traffic_class != 'conspicuous') AS invalid_count,
            CAST(sum(multiIf(traffic_class != 'conspicuous', revenue_usd, 0)), 'Decimal(38, 6)') AS invalid_revenue
        FROM duckhouse_quality.fct_ad_invalid_traffic
        GROUP BY parts
    ),
    carried AS
    (
        SELECT
            signals.rule_id AS rule_id,
            sum(combinations.event_count) AS event_count,
            sum(combinations.invalid_count) AS invalid_count,
            sum(combinations.invalid_revenue) AS invalid_revenue
        FROM duckhouse_staging.invalid_traffic_signals AS signals
        CROSS JOIN combinations
        WHERE concat(',', combinations.parts) LIKE concat('%,', signals.rule_id, ' %')
        GROUP BY signals.rule_id
    ),
    final AS
    (
        SELECT
            CAST(signals.rule_id, 'String') AS rule_id,
            CAST(rules.title, 'String') AS title,
            CAST(signals.traffic_class, 'String') AS traffic_class,
            CAST(signals.points, 'Int64') AS points,
            CAST(coalesce(carried.event_count, 0), 'Int64') AS events,
            CAST(coalesce(carried.invalid_count, 0), 'Int64') AS events_invalid_or_suspect,
            CAST(coalesce(carried.invalid_revenue, 0), 'Decimal(38, 6)') AS revenue_usd_invalid_or_suspect,
            CAST(signals.why, 'String') AS why
        FROM duckhouse_staging.invalid_traffic_signals AS signals
        INNER JOIN duckhouse_quality.dim_dq_rules AS rules ON signals.rule_id = rules.rule_id
        LEFT JOIN carried ON signals.rule_id = carried.rule_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
