CREATE VIEW duckhouse_reporting.rpt_consent_time_to_answer
(
    `company_id` String COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `industry` Nullable(String) COMMENT 'Industry of the company as it is shown, or else as the back office groups it.',
    `definition` String COMMENT 'Name of the definition in agg_consent_time_to_given.',
    `definition_label` String COMMENT 'From what to what the time runs.',
    `median_seconds` Nullable(Float64) COMMENT 'Median of the events that have such a time, seconds; NULL where none has.',
    `percentile_90_seconds` Nullable(Float64) COMMENT '90th percentile of them, seconds; nine of ten take at most so long.',
    `coverage` Nullable(Float64) COMMENT 'Share of the events that have such a time, events_linked / events_stored.',
    `coverage_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval (Wilson).',
    `coverage_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval (Wilson).',
    `events_stored` Int64 COMMENT 'Stored notices of a known user, or choices (created_to_updated).',
    `events_linked` Int64 COMMENT 'Those with a time.'
)
COMMENT 'One row per company_id and definition: how long users take from a notice to an answer, and for which share of events that can be said. Asked by consent product. Definitions: docs/consent.md. Counts are of stored records, without a weight.\n'
AS WITH
    answers AS
    (
        SELECT
            company_id,
            definition,
            events_of_definition AS event_count,
            events_linked AS linked_count,
            median_seconds,
            percentile_90_seconds
        FROM duckhouse_marts.agg_consent_time_to_given
    ),
    final AS
    (
        SELECT
            answers.company_id AS company_id,
            CAST(coalesce(companies.industry_front, companies.industry_back), 'Nullable(String)') AS industry,
            answers.definition AS definition,
            CAST(caseWithExpression(answers.definition, 'first_later_given', 'notice to the next choice of the user', 'next_event_is_given', 'notice to a choice that is the next stored event', 'given_within_session', 'notice to the next choice within 30 minutes', 'created_to_updated', 'first to last change of the choice, as it says itself', answers.definition), 'String') AS definition_label,
            answers.median_seconds,
            answers.percentile_90_seconds,
            CAST(answers.linked_count, 'Nullable(Float64)') / nullIf(CAST(answers.event_count, 'Nullable(Float64)'), 0) AS coverage,
            multiIf((answers.linked_count = 0) AND (answers.event_count > 0), CAST(0, 'Nullable(Float64)'), ((CAST(answers.linked_count, 'Nullable(Float64)') + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 2)) - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(multiIf(answers.linked_count <= answers.event_count, (CAST(answers.linked_count, 'Nullable(Float64)') * (CAST(answers.event_count, 'Nullable(Float64)') - CAST(answers.linked_count, 'Nullable(Float64)'))) / nullIf(CAST(answers.event_count, 'Nullable(Float64)'), 0), NULL) + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 4)))) / (CAST(answers.event_count, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')))) AS coverage_low,
            multiIf((answers.linked_count = answers.event_count) AND (answers.event_count > 0), CAST(1, 'Nullable(Float64)'), ((CAST(answers.linked_count, 'Nullable(Float64)') + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 2)) + (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(multiIf(answers.linked_count <= answers.event_count, (CAST(answers.linked_count, 'Nullable(Float64)') * (CAST(answers.event_count, 'Nullable(Float64)') - CAST(answers.linked_count, 'Nullable(Float64)'))) / nullIf(CAST(answers.event_count, 'Nullable(Float64)'), 0), NULL) + ((CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')) / 4)))) / (CAST(answers.event_count, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * CAST('1.959963984540054', 'Nullable(Float64)')))) AS coverage_high,
            answers.event_count AS events_stored,
            answers.linked_count AS events_linked
        FROM answers
        LEFT JOIN duckhouse_marts.dim_companies AS companies ON answers.company_id = companies.company_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
