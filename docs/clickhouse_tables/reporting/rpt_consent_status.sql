CREATE VIEW duckhouse_reporting.rpt_consent_status
(
    `company_id` String COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `industry` Nullable(String) COMMENT 'Industry of the company as it is shown, or else as the back office groups it.',
    `hq_country` Nullable(String) COMMENT 'Country of the headquarters, by its English name.',
    `consent_status` Nullable(String) COMMENT 'The user\'s state at the event: full opt-in, partial opt-in, opt-out or empty.',
    `status_group` String COMMENT 'full opt-in, partial opt-in or opt-out; other for what is none of them.',
    `share_of_choices` Nullable(Float64) COMMENT 'Share of the status in the company\'s choices.',
    `share_of_choices_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. NULL unless it is estimated.',
    `share_of_choices_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. NULL unless it is estimated.',
    `share_of_choices_precision` String COMMENT 'What the interval of the rate is worth: estimated; not sampled, so the rate is exact; or error unknown, where all or none of what is stored counts, so that\nthe sample does not show how far off it may be. Where there is no rate it says which stored records are missing.',
    `choices` Decimal(38, 6) COMMENT 'Choices with the status in the population, estimated without bias.',
    `choices_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. NULL where choices are not sampled.',
    `choices_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. NULL where choices are not sampled.',
    `choices_stored` Int64 COMMENT 'Stored records of choices with the status.',
    `is_small_sample` Bool COMMENT 'Whether fewer than 30 choices of the company are stored (var least_sampled), whatever their status: its shares are not to be trusted.\n'
)
COMMENT 'One row per company_id and consent_status of its choices: how many users opted in fully, partly or not at all. Asked by consent product. A NULL status is that of choices that carry none.\n'
AS WITH
    statuses AS
    (
        SELECT *
        FROM duckhouse_marts.agg_consent_status
        WHERE consent_given_sampled > 0
    ),
    final AS
    (
        SELECT
            company_id,
            CAST(coalesce(industry_front, industry_back), 'Nullable(String)') AS industry,
            hq_country,
            CAST(consent_status, 'Nullable(String)') AS consent_status,
            CAST(multiIf((consent_status IN ('full opt-in', 'opt-out', 'partial opt-in')), consent_status, 'other'), 'String') AS status_group,
            share_of_given_weighted_once AS share_of_choices,
            multiIf(share_of_given_weighted_once_se > 0, multiIf((CAST(share_of_given_weighted_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * share_of_given_weighted_once_se)) < 0, CAST(0, 'Nullable(Float64)'), CAST(share_of_given_weighted_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * share_of_given_weighted_once_se)), NULL) AS share_of_choices_low,
            multiIf(share_of_given_weighted_once_se > 0, multiIf((CAST(share_of_given_weighted_once, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * share_of_given_weighted_once_se)) > 1, CAST(1, 'Nullable(Float64)'), CAST(share_of_given_weighted_once, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * share_of_given_weighted_once_se)), NULL) AS share_of_choices_high,
            CAST(multiIf(share_of_given_weighted_once IS NULL, 'no choice is stored', share_of_given_weighted_once_se > 0, 'estimated', consent_given_weighted_once_se > 0, 'error unknown', 'not sampled'), 'String') AS share_of_choices_precision,
            consent_given_weighted_once AS choices,
            multiIf(consent_given_weighted_once_se > 0, consent_given_weighted_once_low, NULL) AS choices_low,
            multiIf(consent_given_weighted_once_se > 0, consent_given_weighted_once_high, NULL) AS choices_high,
            consent_given_sampled AS choices_stored,
            CAST(sum(consent_given_sampled) OVER (PARTITION BY company_id) < 30, 'Bool') AS is_small_sample
        FROM statuses
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
