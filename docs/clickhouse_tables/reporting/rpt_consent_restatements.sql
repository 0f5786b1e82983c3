CREATE VIEW duckhouse_reporting.rpt_consent_restatements
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `company_id` Nullable(String) COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `industry` Nullable(String) COMMENT 'Industry of the company as it is shown, or else as the back office groups it.',
    `publication` String COMMENT 'preliminary: delivered before the UTC day was over; first: the first delivery after it; restatement: every later one.',
    `opt_in_rate_before` Nullable(Float64) COMMENT 'Opt-in rate before the delivery; NULL unless it restates the day, and without a notice.',
    `opt_in_rate` Nullable(Float64) COMMENT 'Full opt-ins per notice shown, after the delivery; NULL without a notice.',
    `opt_in_rate_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. NULL unless it is estimated.',
    `opt_in_rate_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. NULL unless it is estimated.',
    `opt_ins` Decimal(38, 6) COMMENT 'Choices that are full opt-ins, estimated without bias, after the delivery.',
    `opt_ins_difference` Nullable(Decimal(38, 6)) COMMENT 'Full opt-ins that the delivery added or took; NULL unless it restates the day.',
    `notices` Decimal(38, 6) COMMENT 'Notices shown, estimated without bias, after the delivery.',
    `notices_difference` Nullable(Decimal(38, 6)) COMMENT 'Notices that the delivery added or took; NULL unless it restates the day.',
    `events` Decimal(38, 6) COMMENT 'Events of every type, estimated without bias, after the delivery.',
    `events_difference` Nullable(Decimal(38, 6)) COMMENT 'Events that the delivery added or took; NULL unless it restates the day.',
    `events_late` Nullable(Int64) COMMENT 'Stored events that no earlier delivery carried; NULL unless it restates the day.',
    `events_reweighed` Nullable(Int64) COMMENT 'Stored events whose TYPE, RATE or COUNT became another.',
    `events_consent_changed` Nullable(Int64) COMMENT 'Stored events whose CONSENT became another, and nothing that weighs.',
    `events_moved_in` Nullable(Int64) COMMENT 'Stored events that came from another day or company.',
    `events_moved_out` Nullable(Int64) COMMENT 'Stored events that went to another day or company.',
    `events_retracted` Nullable(Int64) COMMENT 'Stored events whose last record came with the delivery that this one takes back.',
    `events_restored` Nullable(Int64) COMMENT 'Stored events of it that count again as an earlier delivery had them.',
    `retracted_delivery_id` Nullable(String) COMMENT 'The delivery that this one takes back; NULL of a delivery that brings records.',
    `retraction_reason` Nullable(String) COMMENT 'Why it was taken back.',
    `delivery_id` String COMMENT 'The delivery after which the figures are these.',
    `delivered_at` DateTime64(6, 'UTC') COMMENT 'When that delivery arrived, UTC.'
)
COMMENT 'One row per UTC day, company_id and delivery that touched it: the opt-in rate before and after the delivery, and what moved it. Answers why the rate of a day is another one than was reported: publication = \'restatement\' are the deliveries after the day was published. Asked by consent product; dbt show --select why_an_opt_in_rate_changed shows one company.\n'
AS WITH
    final AS
    (
        SELECT
            figures.event_date AS event_date,
            CAST(figures.company_id, 'Nullable(String)') AS company_id,
            CAST(coalesce(companies.industry_front, companies.industry_back), 'Nullable(String)') AS industry,
            figures.publication AS publication,
            restated.opt_in_rate_weighted_once_before AS opt_in_rate_before,
            figures.opt_in_rate_weighted_once AS opt_in_rate,
            multiIf(figures.opt_in_rate_weighted_once_se > 0, multiIf((CAST(figures.opt_in_rate_weighted_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * figures.opt_in_rate_weighted_once_se)) < 0, CAST(0, 'Nullable(Float64)'), CAST(figures.opt_in_rate_weighted_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * figures.opt_in_rate_weighted_once_se)), NULL) AS opt_in_rate_low,
            multiIf(figures.opt_in_rate_weighted_once_se > 0, CAST(figures.opt_in_rate_weighted_once, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * figures.opt_in_rate_weighted_once_se), NULL) AS opt_in_rate_high,
            figures.opt_ins_weighted_once AS opt_ins,
            restated.opt_ins_weighted_once_difference AS opt_ins_difference,
            figures.consent_asked_weighted_once AS notices,
            restated.consent_asked_weighted_once_difference AS notices_difference,
            figures.events_weighted_once AS events,
            restated.events_weighted_once_difference AS events_difference,
            restated.events_late AS events_late,
            restated.events_reweighed AS events_reweighed,
            restated.events_consent_changed AS events_consent_changed,
            restated.events_moved_in AS events_moved_in,
            restated.events_moved_out AS events_moved_out,
            restated.events_retracted AS events_retracted,
            restated.events_restored AS events_restored,
            retractions.retracts_delivery_id AS retracted_delivery_id,
            retractions.retraction_reason AS retraction_reason,
            figures._delivery_id AS delivery_id,
            figures._delivered_at AS delivered_at
        FROM duckhouse_marts.fct_consent_company_daily_as_of AS figures
        LEFT JOIN duckhouse_marts.fct_consent_restatements AS restated ON (figures.event_date = restated.event_date) AND (coalesce(figures.company_id, '') = coalesce(restated.company_id, '')) AND (figures._delivery_id = restated._delivery_id)
        LEFT JOIN duckhouse_marts.dim_companies AS companies ON figures.company_id = companies.company_id
        LEFT JOIN
        (
            SELECT
                _delivery_id,
                _delivered_at,
                retracts_delivery_id,
                retraction_reason
            FROM duckhouse_staging.stg_consent__files
            WHERE retracts_delivery_id IS NOT NULL
        ) AS retractions ON figures._delivery_id = retractions._delivery_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
