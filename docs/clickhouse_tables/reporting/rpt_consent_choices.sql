CREATE VIEW duckhouse_reporting.rpt_consent_choices
(
    `kind` String COMMENT 'purposes, vendors, or those claimed as legitimate interest (purposes_li, vendors_li).',
    `item_id` String COMMENT 'Purpose or vendor.',
    `breakdown` String COMMENT 'By what the row is broken down; all for the total.',
    `member` Nullable(String) COMMENT 'The company, country, device or day; days after the last delivery are one member. NULL where events do not say.\n',
    `enabled_rate` Nullable(Float64) COMMENT 'Share of the choices about the item that enable it; NULL where none is about it.',
    `enabled_rate_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. NULL unless it is estimated.',
    `enabled_rate_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. NULL unless it is estimated.',
    `enabled_rate_precision` String COMMENT 'What the interval of the rate is worth: estimated; not sampled, so the rate is exact; or error unknown, where all or none of what is stored counts, so that\nthe sample does not show how far off it may be. Where there is no rate it says which stored records are missing.',
    `enabled_per_offer` Nullable(Float64) COMMENT 'Choices that enable the item, per notice that offers it; NULL where no notice does. Choices of companies of which no notice is stored are left out.\n',
    `enabled_per_offer_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. NULL unless it is estimated.',
    `enabled_per_offer_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. NULL unless it is estimated.',
    `enabled_per_offer_precision` String COMMENT 'What the interval of the rate is worth: estimated; not sampled, so the rate is exact; or error unknown, where all or none of what is stored counts, so that\nthe sample does not show how far off it may be. Where there is no rate it says which stored records are missing.',
    `enabled_rate_is_small_sample` Bool COMMENT 'Whether fewer than 30 stored records (var least_sampled) are in the denominator of the rate: its interval is not to be trusted. False where there is no rate.',
    `enabled_per_offer_is_small_sample` Bool COMMENT 'Whether fewer than 30 stored records (var least_sampled) are in the denominator of the rate: its interval is not to be trusted. False where there is no rate.',
    `offered` Decimal(38, 6) COMMENT 'Notices in the population that offer the item, estimated without bias.',
    `offered_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. NULL where nothing of it is sampled.',
    `offered_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. NULL where nothing of it is sampled.',
    `offered_stored` Int64 COMMENT 'Stored notices that offer the item.',
    `enabled` Decimal(38, 6) COMMENT 'Choices in the population that enable the item, estimated without bias.',
    `enabled_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. NULL where nothing of it is sampled.',
    `enabled_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. NULL where nothing of it is sampled.',
    `enabled_stored` Int64 COMMENT 'Stored choices that enable the item.',
    `disabled` Decimal(38, 6) COMMENT 'Choices in the population that disable the item, estimated without bias.',
    `disabled_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. NULL where nothing of it is sampled.',
    `disabled_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. NULL where nothing of it is sampled.',
    `disabled_stored` Int64 COMMENT 'Stored choices that disable the item.',
    `companies` Int64 COMMENT 'Companies with a stored choice about the item.'
)
COMMENT 'One row per kind, item_id, breakdown and member: how often notices offer a purpose or vendor, and how often users enable or disable it, over all companies and by company, country, device and UTC day. Answers which vendors and purposes people refuse, and where. Asked by consent product and by the vendors\' managers.\nThe members of a breakdown add up to all, so read one: breakdown = \'all\' for a list of vendors. Sums of several items mean nothing, because one notice offers many.\n'
AS WITH
    daily AS
    (
        SELECT
            choices.*,
            choices.company_id AS company,
            choices.country_code AS country,
            choices.device_type AS device,
            CAST((coalesce(choices.company_id, '') IN (
                SELECT coalesce(asked.company_id, '')
                FROM duckhouse_marts.fct_consent_company_daily AS asked
                WHERE asked.event_type = 'consent.asked'
                GROUP BY asked.company_id
            )), 'Bool') AS has_notices,
            multiIf(choices.event_date > (
                SELECT CAST(max(files._delivered_at), 'Date32')
                FROM duckhouse_staging.stg_consent__files AS files
            ), 'after the last delivery', CAST(choices.event_date, 'String')) AS day
        FROM duckhouse_marts.fct_consent_choices_daily AS choices
    ),
    sums AS
    (
        SELECT
            daily.kind AS kind,
            daily.item_id AS item_id,
            CAST('all', 'String') AS breakdown,
            CAST('all', 'Nullable(String)') AS member,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS offered_sampled,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS offered_once,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS offered_variance,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_sampled,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_once,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_variance,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_sampled,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_once,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_variance,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS decided_sampled,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS decided_once,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS decided_variance,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_sampled,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_once,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_variance,
            countDistinct(multiIf(daily.choice != 'offered', daily.company_id, NULL)) AS company_count
        FROM daily
        GROUP BY
            daily.kind,
            daily.item_id
        UNION ALL
        SELECT
            daily.kind AS kind,
            daily.item_id AS item_id,
            CAST('company', 'String') AS breakdown,
            CAST(daily.company, 'Nullable(String)') AS member,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS offered_sampled,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS offered_once,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS offered_variance,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_sampled,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_once,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_variance,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_sampled,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_once,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_variance,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS decided_sampled,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS decided_once,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS decided_variance,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_sampled,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_once,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_variance,
            countDistinct(multiIf(daily.choice != 'offered', daily.company_id, NULL)) AS company_count
        FROM daily
        GROUP BY
            daily.kind,
            daily.item_id,
            daily.company
        UNION ALL
        SELECT
            daily.kind AS kind,
            daily.item_id AS item_id,
            CAST('country', 'String') AS breakdown,
            CAST(daily.country, 'Nullable(String)') AS member,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS offered_sampled,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS offered_once,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS offered_variance,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_sampled,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_once,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_variance,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_sampled,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_once,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_variance,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS decided_sampled,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS decided_once,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS decided_variance,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_sampled,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_once,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_variance,
            countDistinct(multiIf(daily.choice != 'offered', daily.company_id, NULL)) AS company_count
        FROM daily
        GROUP BY
            daily.kind,
            daily.item_id,
            daily.country
        UNION ALL
        SELECT
            daily.kind AS kind,
            daily.item_id AS item_id,
            CAST('device', 'String') AS breakdown,
            CAST(daily.device, 'Nullable(String)') AS member,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS offered_sampled,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS offered_once,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS offered_variance,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_sampled,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_once,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_variance,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_sampled,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_once,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_variance,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS decided_sampled,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS decided_once,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS decided_variance,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_sampled,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_once,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_variance,
            countDistinct(multiIf(daily.choice != 'offered', daily.company_id, NULL)) AS company_count
        FROM daily
        GROUP BY
            daily.kind,
            daily.item_id,
            daily.device
        UNION ALL
        SELECT
            daily.kind AS kind,
            daily.item_id AS item_id,
            CAST('day', 'String') AS breakdown,
            CAST(daily.day, 'Nullable(String)') AS member,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS offered_sampled,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS offered_once,
            CAST(round(sum(multiIf(daily.choice = 'offered', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS offered_variance,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_sampled,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_once,
            CAST(round(sum(multiIf(daily.choice = 'enabled', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_variance,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_sampled,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_once,
            CAST(round(sum(multiIf(daily.choice = 'disabled', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS disabled_variance,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS decided_sampled,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS decided_once,
            CAST(round(sum(multiIf(daily.choice != 'offered', coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS decided_variance,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.events_sampled, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_sampled,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.events_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_once,
            CAST(round(sum(multiIf(daily.has_notices AND (daily.choice = 'enabled'), coalesce(daily.variance_weighted_once, 0), 0)), 6), 'Decimal(38, 6)') AS enabled_with_notices_variance,
            countDistinct(multiIf(daily.choice != 'offered', daily.company_id, NULL)) AS company_count
        FROM daily
        GROUP BY
            daily.kind,
            daily.item_id,
            daily.day
    ),
    rates AS
    (
        SELECT
            *,
            CAST(enabled_once, 'Nullable(Float64)') / nullIf(CAST(decided_once, 'Nullable(Float64)'), 0) AS enabled_rate,
            sqrt((((1 - (2 * (CAST(enabled_once, 'Nullable(Float64)') / nullIf(CAST(decided_once, 'Nullable(Float64)'), 0)))) * CAST(enabled_variance, 'Nullable(Float64)')) + (((CAST(enabled_once, 'Nullable(Float64)') / nullIf(CAST(decided_once, 'Nullable(Float64)'), 0)) * (CAST(enabled_once, 'Nullable(Float64)') / nullIf(CAST(decided_once, 'Nullable(Float64)'), 0))) * CAST(decided_variance, 'Nullable(Float64)'))) / nullIf(CAST(decided_once, 'Nullable(Float64)') * CAST(decided_once, 'Nullable(Float64)'), 0)) AS enabled_rate_se,
            CAST(enabled_with_notices_once, 'Nullable(Float64)') / nullIf(CAST(offered_once, 'Nullable(Float64)'), 0) AS enabled_per_offer,
            sqrt((CAST(enabled_with_notices_variance, 'Nullable(Float64)') + (((CAST(enabled_with_notices_once, 'Nullable(Float64)') / nullIf(CAST(offered_once, 'Nullable(Float64)'), 0)) * (CAST(enabled_with_notices_once, 'Nullable(Float64)') / nullIf(CAST(offered_once, 'Nullable(Float64)'), 0))) * CAST(offered_variance, 'Nullable(Float64)'))) / nullIf(CAST(offered_once, 'Nullable(Float64)') * CAST(offered_once, 'Nullable(Float64)'), 0)) AS enabled_per_offer_se
        FROM sums
    ),
    final AS
    (
        SELECT
            CAST(rates.kind, 'String') AS kind,
            CAST(rates.item_id, 'String') AS item_id,
            rates.breakdown AS breakdown,
            rates.member AS member,
            rates.enabled_rate AS enabled_rate,
            multiIf(rates.enabled_rate_se > 0, multiIf((CAST(rates.enabled_rate, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * rates.enabled_rate_se)) < 0, CAST(0, 'Nullable(Float64)'), CAST(rates.enabled_rate, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * rates.enabled_rate_se)), NULL) AS enabled_rate_low,
            multiIf(rates.enabled_rate_se > 0, multiIf((CAST(rates.enabled_rate, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * rates.enabled_rate_se)) > 1, CAST(1, 'Nullable(Float64)'), CAST(rates.enabled_rate, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * rates.enabled_rate_se)), NULL) AS enabled_rate_high,
            CAST(multiIf(rates.enabled_rate IS NULL, 'no choice is stored', rates.enabled_rate_se > 0, 'estimated', (rates.enabled_variance + rates.decided_variance) > 0, 'error unknown', 'not sampled'), 'String') AS enabled_rate_precision,
            rates.enabled_per_offer AS enabled_per_offer,
            multiIf(rates.enabled_per_offer_se > 0, multiIf((CAST(rates.enabled_per_offer, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * rates.enabled_per_offer_se)) < 0, CAST(0, 'Nullable(Float64)'), CAST(rates.enabled_per_offer, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * rates.enabled_per_offer_se)), NULL) AS enabled_per_offer_low,
            multiIf(rates.enabled_per_offer_se > 0, CAST(rates.enabled_per_offer, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * rates.enabled_per_offer_se), NULL) AS enabled_per_offer_high,
            CAST(multiIf(rates.enabled_per_offer IS NULL, 'no offer is stored', rates.enabled_per_offer_se > 0, 'estimated', (rates.enabled_with_notices_variance + rates.offered_variance) > 0, 'error unknown', 'not sampled'), 'String') AS enabled_per_offer_precision,
            CAST((rates.decided_sampled >= 1) AND (rates.decided_sampled <= 29), 'Bool') AS enabled_rate_is_small_sample,
            CAST((rates.offered_sampled >= 1) AND (rates.offered_sampled <= 29), 'Bool') AS enabled_per_offer_is_small_sample,
            CAST(rates.offered_once, 'Decimal(38, 6)') AS offered,
            multiIf(rates.offered_variance > 0, multiIf((CAST(rates.offered_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(rates.offered_variance, 'Nullable(Float64)')))) < rates.offered_sampled, CAST(rates.offered_sampled, 'Nullable(Float64)'), CAST(rates.offered_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(rates.offered_variance, 'Nullable(Float64)')))), NULL) AS offered_low,
            multiIf(rates.offered_variance > 0, CAST(rates.offered_once, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(rates.offered_variance, 'Nullable(Float64)'))), NULL) AS offered_high,
            CAST(rates.offered_sampled, 'Int64') AS offered_stored,
            CAST(rates.enabled_once, 'Decimal(38, 6)') AS enabled,
            multiIf(rates.enabled_variance > 0, multiIf((CAST(rates.enabled_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(rates.enabled_variance, 'Nullable(Float64)')))) < rates.enabled_sampled, CAST(rates.enabled_sampled, 'Nullable(Float64)'), CAST(rates.enabled_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(rates.enabled_variance, 'Nullable(Float64)')))), NULL) AS enabled_low,
            multiIf(rates.enabled_variance > 0, CAST(rates.enabled_once, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(rates.enabled_variance, 'Nullable(Float64)'))), NULL) AS enabled_high,
            CAST(rates.enabled_sampled, 'Int64') AS enabled_stored,
            CAST(rates.disabled_once, 'Decimal(38, 6)') AS disabled,
            multiIf(rates.disabled_variance > 0, multiIf((CAST(rates.disabled_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(rates.disabled_variance, 'Nullable(Float64)')))) < rates.disabled_sampled, CAST(rates.disabled_sampled, 'Nullable(Float64)'), CAST(rates.disabled_once, 'Nullable(Float64)') - (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(rates.disabled_variance, 'Nullable(Float64)')))), NULL) AS disabled_low,
            multiIf(rates.disabled_variance > 0, CAST(rates.disabled_once, 'Nullable(Float64)') + (CAST('1.959963984540054', 'Nullable(Float64)') * sqrt(CAST(rates.disabled_variance, 'Nullable(Float64)'))), NULL) AS disabled_high,
            CAST(rates.disabled_sampled, 'Int64') AS disabled_stored,
            CAST(rates.company_count, 'Int64') AS companies
        FROM rates
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
