CREATE VIEW duckhouse_reporting.rpt_consent_days
(
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `company_id` Nullable(String) COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `industry` Nullable(String) COMMENT 'Industry of the company as it is shown, or else as the back office groups it.',
    `hq_country` Nullable(String) COMMENT 'Country of the headquarters, by its English name.',
    `is_after_last_delivery` Bool COMMENT 'Whether the day is after the last delivery, so that only a clock that is ahead can have made it.',
    `is_full_day` Bool COMMENT 'Whether the day was over when the last delivery came, and has at least half of the stored events that a day of all companies usually has. Periods of the dashboard end with the last full day.\n',
    `opt_in_rate` Nullable(Float64) COMMENT 'Full opt-ins per notice shown; NULL without a notice.',
    `opt_in_rate_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. NULL unless it is estimated.',
    `opt_in_rate_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. NULL unless it is estimated.',
    `opt_in_rate_precision` String COMMENT 'What the interval of the rate is worth: estimated; not sampled, so the rate is exact; or error unknown, where all or none of what is stored counts, so that\nthe sample does not show how far off it may be. Where there is no rate it says which stored records are missing.',
    `opt_in_rate_is_small_sample` Bool COMMENT 'Whether fewer than 30 stored records (var least_sampled) are in the denominator of the rate: its interval is not to be trusted. False where there is no rate.',
    `consent_rate` Nullable(Float64) COMMENT 'Full opt-ins among choices with a status (full opt-in, partial opt-in, opt-out); NULL without such a choice.\n',
    `consent_rate_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. NULL unless it is estimated.',
    `consent_rate_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. NULL unless it is estimated.',
    `consent_rate_precision` String COMMENT 'What the interval of the rate is worth: estimated; not sampled, so the rate is exact; or error unknown, where all or none of what is stored counts, so that\nthe sample does not show how far off it may be. Where there is no rate it says which stored records are missing.',
    `consent_rate_is_small_sample` Bool COMMENT 'Whether fewer than 30 stored records (var least_sampled) are in the denominator of the rate: its interval is not to be trusted. False where there is no rate.',
    `conversion_rate` Nullable(Float64) COMMENT 'Choices per notice shown, whatever was chosen; above 1 where users choose again without a new notice. NULL without a notice.\n',
    `conversion_rate_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. NULL unless it is estimated.',
    `conversion_rate_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. NULL unless it is estimated.',
    `conversion_rate_precision` String COMMENT 'What the interval of the rate is worth: estimated; not sampled, so the rate is exact; or error unknown, where all or none of what is stored counts, so that\nthe sample does not show how far off it may be. Where there is no rate it says which stored records are missing.',
    `conversion_rate_is_small_sample` Bool COMMENT 'Whether fewer than 30 stored records (var least_sampled) are in the denominator of the rate: its interval is not to be trusted. False where there is no rate.',
    `notices` Decimal(38, 6) COMMENT 'Notices shown in the population, estimated without bias.',
    `notices_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. NULL where notices are not sampled.',
    `notices_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. NULL where notices are not sampled.',
    `notices_stored` Int64 COMMENT 'Stored records of notices.',
    `choices` Decimal(38, 6) COMMENT 'Choices recorded (consent.given) in the population, estimated without bias.',
    `choices_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. NULL where choices are not sampled.',
    `choices_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. NULL where choices are not sampled.',
    `choices_stored` Int64 COMMENT 'Stored records of choices.',
    `events` Decimal(38, 6) COMMENT 'Events of every type in the population, estimated without bias.',
    `events_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. NULL where nothing is sampled.',
    `events_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. NULL where nothing is sampled.',
    `events_stored` Int64 COMMENT 'Stored records of events of every type.',
    `opt_ins` Decimal(38, 6) COMMENT 'Choices that are full opt-ins in the population, estimated without bias.',
    `choices_with_notices` Decimal(38, 6) COMMENT 'Choices where any notice of the company is stored, else 0: the numerator of conversion rates over companies.\n',
    `opt_ins_with_notices` Decimal(38, 6) COMMENT 'Full opt-ins where any notice of the company is stored, else 0: the numerator of opt-in rates over companies.\n'
)
COMMENT 'One row per UTC day and company_id: the rates to report with their intervals, and the volumes behind them. Answers how consent develops at a company. Asked by consent product. Events without a company are in rows whose company_id is NULL.\n'
AS WITH
    totals AS
    (
        SELECT
            daily.event_date AS event_date,
            daily.company_id AS company_id,
            CAST(round(sum(multiIf(true, coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS events_sampled,
            CAST(round(sum(multiIf(true, coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS events_once,
            CAST(round(sum(multiIf(true, coalesce(daily.events_extrapolated, 0), 0)), 6), 'Decimal(38, 6)') AS events_extrapolated,
            CAST(round(sum(multiIf(true, coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS events_variance,
            CAST(round(sum(multiIf(event_type = 'consent.asked', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS consent_asked_sampled,
            CAST(round(sum(multiIf(event_type = 'consent.asked', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS consent_asked_once,
            CAST(round(sum(multiIf(event_type = 'consent.asked', coalesce(daily.events_extrapolated, 0), 0)), 6), 'Decimal(38, 6)') AS consent_asked_extrapolated,
            CAST(round(sum(multiIf(event_type = 'consent.asked', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS consent_asked_variance,
            CAST(round(sum(multiIf(event_type = 'consent.given', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS consent_given_sampled,
            CAST(round(sum(multiIf(event_type = 'consent.given', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS consent_given_once,
            CAST(round(sum(multiIf(event_type = 'consent.given', coalesce(daily.events_extrapolated, 0), 0)), 6), 'Decimal(38, 6)') AS consent_given_extrapolated,
            CAST(round(sum(multiIf(event_type = 'consent.given', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS consent_given_variance,
            CAST(round(sum(multiIf(event_type = 'pageview', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS pageview_sampled,
            CAST(round(sum(multiIf(event_type = 'pageview', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS pageview_once,
            CAST(round(sum(multiIf(event_type = 'pageview', coalesce(daily.events_extrapolated, 0), 0)), 6), 'Decimal(38, 6)') AS pageview_extrapolated,
            CAST(round(sum(multiIf(event_type = 'pageview', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS pageview_variance,
            CAST(round(sum(multiIf(event_type = 'ui.action', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS ui_action_sampled,
            CAST(round(sum(multiIf(event_type = 'ui.action', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS ui_action_once,
            CAST(round(sum(multiIf(event_type = 'ui.action', coalesce(daily.events_extrapolated, 0), 0)), 6), 'Decimal(38, 6)') AS ui_action_extrapolated,
            CAST(round(sum(multiIf(event_type = 'ui.action', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS ui_action_variance,
            CAST(round(sum(multiIf((event_type = 'consent.given') AND (consent_status = 'full opt-in'), coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS opt_ins_sampled,
            CAST(round(sum(multiIf((event_type = 'consent.given') AND (consent_status = 'full opt-in'), coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS opt_ins_once,
            CAST(round(sum(multiIf((event_type = 'consent.given') AND (consent_status = 'full opt-in'), coalesce(daily.events_extrapolated, 0), 0)), 6), 'Decimal(38, 6)') AS opt_ins_extrapolated,
            CAST(round(sum(multiIf((event_type = 'consent.given') AND (consent_status = 'full opt-in'), coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS opt_ins_variance,
            CAST(round(sum(multiIf((event_type = 'consent.given') AND (consent_status IN ('full opt-in', 'partial opt-in', 'opt-out')), coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS choices_sampled,
            CAST(round(sum(multiIf((event_type = 'consent.given') AND (consent_status IN ('full opt-in', 'partial opt-in', 'opt-out')), coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS choices_once,
            CAST(round(sum(multiIf((event_type = 'consent.given') AND (consent_status IN ('full opt-in', 'partial opt-in', 'opt-out')), coalesce(daily.events_extrapolated, 0), 0)), 6), 'Decimal(38, 6)') AS choices_extrapolated,
            CAST(round(sum(multiIf((event_type = 'consent.given') AND (consent_status IN ('full opt-in', 'partial opt-in', 'opt-out')), coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS choices_variance,
            CAST(round(sum(multiIf(daily.has_notices AND (event_type = 'consent.given'), coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS consent_given_with_notices_sampled,
            CAST(round(sum(multiIf(daily.has_notices AND (event_type = 'consent.given'), coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS consent_given_with_notices_once,
            CAST(round(sum(multiIf(daily.has_notices AND (event_type = 'consent.given'), coalesce(daily.events_extrapolated, 0), 0)), 6), 'Decimal(38, 6)') AS consent_given_with_notices_extrapolated,
            CAST(round(sum(multiIf(daily.has_notices AND (event_type = 'consent.given'), coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS consent_given_with_notices_variance,
            CAST(round(sum(multiIf(daily.has_notices AND (event_type = 'consent.given') AND (consent_status = 'full opt-in'), coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS opt_ins_with_notices_sampled,
            CAST(round(sum(multiIf(daily.has_notices AND (event_type = 'consent.given') AND (consent_status = 'full opt-in'), coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS opt_ins_with_notices_once,
            CAST(round(sum(multiIf(daily.has_notices AND (event_type = 'consent.given') AND (consent_status = 'full opt-in'), coalesce(daily.events_extrapolated, 0), 0)), 6), 'Decimal(38, 6)') AS opt_ins_with_notices_extrapolated,
            CAST(round(sum(multiIf(daily.has_notices AND (event_type = 'consent.given') AND (consent_status = 'full opt-in'), coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS opt_ins_with_notices_variance
        FROM duckhouse_intermediate.int_consent__company_daily AS daily
        GROUP BY
            daily.event_date,
            daily.company_id
    ),
    sums AS
    (
        SELECT
            totals.*,
            CAST(totals.consent_given_once, 'Nullable(Float64)') / nullIf(CAST(totals.consent_asked_once, 'Nullable(Float64)'), 0) AS conversion_rate_weighted_once,
            sqrt((CAST(totals.consent_given_variance, 'Nullable(Float64)') + (((CAST(totals.consent_given_once, 'Nullable(Float64)') / nullIf(CAST(totals.consent_asked_once, 'Nullable(Float64)'), 0)) * (CAST(totals.consent_given_once, 'Nullable(Float64)') / nullIf(CAST(totals.consent_asked_once, 'Nullable(Float64)'), 0))) * CAST(totals.consent_asked_variance, 'Nullable(Float64)'))) / nullIf(CAST(totals.consent_asked_once, 'Nullable(Float64)') * CAST(totals.consent_asked_once, 'Nullable(Float64)'), 0)) AS conversion_rate_weighted_once_se,
            totals.consent_given_sampled + totals.consent_asked_sampled AS conversion_rate_n_sampled,
            CAST(totals.opt_ins_once, 'Nullable(Float64)') / nullIf(CAST(totals.consent_asked_once, 'Nullable(Float64)'), 0) AS opt_in_rate_weighted_once,
            sqrt((CAST(totals.opt_ins_variance, 'Nullable(Float64)') + (((CAST(totals.opt_ins_once, 'Nullable(Float64)') / nullIf(CAST(totals.consent_asked_once, 'Nullable(Float64)'), 0)) * (CAST(totals.opt_ins_once, 'Nullable(Float64)') / nullIf(CAST(totals.consent_asked_once, 'Nullable(Float64)'), 0))) * CAST(totals.consent_asked_variance, 'Nullable(Float64)'))) / nullIf(CAST(totals.consent_asked_once, 'Nullable(Float64)') * CAST(totals.consent_asked_once, 'Nullable(Float64)'), 0)) AS opt_in_rate_weighted_once_se,
            totals.opt_ins_sampled + totals.consent_asked_sampled AS opt_in_rate_n_sampled,
            CAST(totals.opt_ins_once, 'Nullable(Float64)') / nullIf(CAST(totals.choices_once, 'Nullable(Float64)'), 0) AS consent_rate_weighted_once,
            sqrt((((1 - (2 * (CAST(totals.opt_ins_once, 'Nullable(Float64)') / nullIf(CAST(totals.choices_once, 'Nullable(Float64)'), 0)))) * CAST(totals.opt_ins_variance, 'Nullable(Float64)')) + (((CAST(totals.opt_ins_once, 'Nullable(Float64)') / nullIf(CAST(totals.choices_once, 'Nullable(Float64)'), 0)) * (CAST(totals.opt_ins_once, 'Nullable(Float64)') / nullIf(CAST(totals.choices_once, 'Nullable(Float64)'), 0))) * CAST(totals.choices_variance, 'Nullable(Float64)'))) / nullIf(CAST(totals.choices_once, 'Nullable(Float64)') * CAST(totals.choices_once, 'Nullable(Float64)'), 0)) AS consent_rate_weighted_once_se,
            totals.choices_sampled AS consent_rate_n_sampled
        FROM totals
    ),
    final AS
    (
        SELECT
            sums.event_date AS event_date,
            CAST(sums.company_id, 'Nullable(String)') AS company_id,
            CAST(coalesce(companies.industry_front, companies.industry_back), 'Nullable(String)') AS industry,
            companies.hq_country AS hq_country,
            CAST(sums.event_date > (
                SELECT CAST(max(files._delivered_at), 'Date32')
                FROM duckhouse_staging.stg_consent__files AS files
            ), 'Bool') AS is_after_last_delivery,
            CAST(full_days.is_full_day, 'Bool') AS is_full_day,
            sums.opt_in_rate_weighted_once AS opt_in_rate,
            multiIf(sums.opt_in_rate_weighted_once_se > 0, multiIf((CAST(sums.opt_in_rate_weighted_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sums.opt_in_rate_weighted_once_se)) < 0, CAST(0, 'Nullable(Float64)'), CAST(sums.opt_in_rate_weighted_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sums.opt_in_rate_weighted_once_se)), NULL) AS opt_in_rate_low,
            multiIf(sums.opt_in_rate_weighted_once_se > 0, CAST(sums.opt_in_rate_weighted_once, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * sums.opt_in_rate_weighted_once_se), NULL) AS opt_in_rate_high,
            CAST(multiIf(sums.opt_in_rate_weighted_once IS NULL, 'no notice is stored', sums.opt_in_rate_weighted_once_se > 0, 'estimated', (sums.opt_ins_variance + sums.consent_asked_variance) > 0, 'error unknown', 'not sampled'), 'String') AS opt_in_rate_precision,
            CAST((sums.consent_asked_sampled >= 1) AND (sums.consent_asked_sampled <= 29), 'Bool') AS opt_in_rate_is_small_sample,
            sums.consent_rate_weighted_once AS consent_rate,
            multiIf(sums.consent_rate_weighted_once_se > 0, multiIf((CAST(sums.consent_rate_weighted_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sums.consent_rate_weighted_once_se)) < 0, CAST(0, 'Nullable(Float64)'), CAST(sums.consent_rate_weighted_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sums.consent_rate_weighted_once_se)), NULL) AS consent_rate_low,
            multiIf(sums.consent_rate_weighted_once_se > 0, multiIf((CAST(sums.consent_rate_weighted_once, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * sums.consent_rate_weighted_once_se)) > 1, CAST(1, 'Nullable(Float64)'), CAST(sums.consent_rate_weighted_once, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * sums.consent_rate_weighted_once_se)), NULL) AS consent_rate_high,
            CAST(multiIf(sums.consent_rate_weighted_once IS NULL, 'no choice with a status is stored', sums.consent_rate_weighted_once_se > 0, 'estimated', (sums.opt_ins_variance + sums.choices_variance) > 0, 'error unknown', 'not sampled'), 'String') AS consent_rate_precision,
            CAST((sums.choices_sampled >= 1) AND (sums.choices_sampled <= 29), 'Bool') AS consent_rate_is_small_sample,
            sums.conversion_rate_weighted_once AS conversion_rate,
            multiIf(sums.conversion_rate_weighted_once_se > 0, multiIf((CAST(sums.conversion_rate_weighted_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sums.conversion_rate_weighted_once_se)) < 0, CAST(0, 'Nullable(Float64)'), CAST(sums.conversion_rate_weighted_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sums.conversion_rate_weighted_once_se)), NULL) AS conversion_rate_low,
            multiIf(sums.conversion_rate_weighted_once_se > 0, CAST(sums.conversion_rate_weighted_once, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * sums.conversion_rate_weighted_once_se), NULL) AS conversion_rate_high,
            CAST(multiIf(sums.conversion_rate_weighted_once IS NULL, 'no notice is stored', sums.conversion_rate_weighted_once_se > 0, 'estimated', (sums.consent_given_variance + sums.consent_asked_variance) > 0, 'error unknown', 'not sampled'), 'String') AS conversion_rate_precision,
            CAST((sums.consent_asked_sampled >= 1) AND (sums.consent_asked_sampled <= 29), 'Bool') AS conversion_rate_is_small_sample,
            CAST(sums.consent_asked_once, 'Decimal(38, 6)') AS notices,
            multiIf(sums.consent_asked_variance > 0, multiIf((CAST(sums.consent_asked_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(sums.consent_asked_variance, 'Nullable(Float64)')))) < sums.consent_asked_sampled, CAST(sums.consent_asked_sampled, 'Nullable(Float64)'), CAST(sums.consent_asked_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(sums.consent_asked_variance, 'Nullable(Float64)')))), NULL) AS notices_low,
            multiIf(sums.consent_asked_variance > 0, CAST(sums.consent_asked_once, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(sums.consent_asked_variance, 'Nullable(Float64)'))), NULL) AS notices_high,
            CAST(sums.consent_asked_sampled, 'Int64') AS notices_stored,
            CAST(sums.consent_given_once, 'Decimal(38, 6)') AS choices,
            multiIf(sums.consent_given_variance > 0, multiIf((CAST(sums.consent_given_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(sums.consent_given_variance, 'Nullable(Float64)')))) < sums.consent_given_sampled, CAST(sums.consent_given_sampled, 'Nullable(Float64)'), CAST(sums.consent_given_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(sums.consent_given_variance, 'Nullable(Float64)')))), NULL) AS choices_low,
            multiIf(sums.consent_given_variance > 0, CAST(sums.consent_given_once, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(sums.consent_given_variance, 'Nullable(Float64)'))), NULL) AS choices_high,
            CAST(sums.consent_given_sampled, 'Int64') AS choices_stored,
            CAST(sums.events_once, 'Decimal(38, 6)') AS events,
            multiIf(sums.events_variance > 0, multiIf((CAST(sums.events_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(sums.events_variance, 'Nullable(Float64)')))) < sums.events_sampled, CAST(sums.events_sampled, 'Nullable(Float64)'), CAST(sums.events_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(sums.events_variance, 'Nullable(Float64)')))), NULL) AS events_low,
            multiIf(sums.events_variance > 0, CAST(sums.events_once, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(sums.events_variance, 'Nullable(Float64)'))), NULL) AS events_high,
            CAST(sums.events_sampled, 'Int64') AS events_stored,
            CAST(sums.opt_ins_once, 'Decimal(38, 6)') AS opt_ins,
            CAST(sums.consent_given_with_notices_once, 'Decimal(38, 6)') AS choices_with_notices,
            CAST(sums.opt_ins_with_notices_once, 'Decimal(38, 6)') AS opt_ins_with_notices
        FROM sums
        INNER JOIN duckhouse_intermediate.int_consent__days AS full_days ON sums.event_date = full_days.event_date
        LEFT JOIN duckhouse_marts.dim_companies AS companies ON sums.company_id = companies.company_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
