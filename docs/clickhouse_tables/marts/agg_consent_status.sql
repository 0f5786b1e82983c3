CREATE TABLE duckhouse_marts.agg_consent_status
(
    `company_id` String COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `consent_status` LowCardinality(Nullable(String)) COMMENT 'The user\'s state at the event: full opt-in, partial opt-in, opt-out or empty.',
    `industry_back` Nullable(String) COMMENT 'Industry as the platform\'s back office groups it.',
    `industry_front` Nullable(String) COMMENT 'Industry as it is shown.',
    `hq_country` Nullable(String) COMMENT 'Country of the headquarters, by its English name.',
    `consent_given_sampled` Int64 COMMENT 'Stored records of choices with the status.',
    `consent_given_weighted_once` Decimal(38, 6) COMMENT 'Choices with the status in the population, estimated without bias, weighing each stored event by 1 / RATE.',
    `consent_given_weighted_once_se` Nullable(Float64) COMMENT 'Standard error of the estimate before it (docs/consent.md has the formula).',
    `consent_given_weighted_once_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `consent_given_weighted_once_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `consent_given_extrapolated` Decimal(38, 6) COMMENT 'Choices with the status by COUNT / RATE, as the sender specifies. Where COUNT is already the inverse rate this counts the weight twice.',
    `consent_given_extrapolated_se` Nullable(Float64) COMMENT 'Standard error of the estimate before it (docs/consent.md has the formula).',
    `consent_given_extrapolated_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `consent_given_extrapolated_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `share_of_given_weighted_once` Nullable(Float64) COMMENT 'The share to report. Share of the status in the company\'s choices, each stored event weighed 1 / RATE once, without bias; NULL without a choice.',
    `share_of_given_weighted_once_se` Nullable(Float64) COMMENT 'Standard error of the estimate before it (docs/consent.md has the formula).',
    `share_of_given_weighted_once_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `share_of_given_weighted_once_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `events_sampled` Int64 COMMENT 'Stored records of events with the status.',
    `events_weighted_once` Decimal(38, 6) COMMENT 'Events with the status in the population, estimated without bias, weighing each stored event by 1 / RATE.',
    `events_weighted_once_se` Nullable(Float64) COMMENT 'Standard error of the estimate before it (docs/consent.md has the formula).',
    `events_weighted_once_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `events_weighted_once_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `events_extrapolated` Decimal(38, 6) COMMENT 'Events with the status by COUNT / RATE, as the sender specifies. Where COUNT is already the inverse rate this counts the weight twice.',
    `events_extrapolated_se` Nullable(Float64) COMMENT 'Standard error of the estimate before it (docs/consent.md has the formula).',
    `events_extrapolated_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `events_extrapolated_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `share_of_events_weighted_once` Nullable(Float64) COMMENT 'The share to report. Share of the status in the company\'s events, each stored event weighed 1 / RATE once, without bias.',
    `share_of_events_weighted_once_se` Nullable(Float64) COMMENT 'Standard error of the estimate before it (docs/consent.md has the formula).',
    `share_of_events_weighted_once_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `share_of_events_weighted_once_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `is_small_sample` Bool COMMENT 'Whether fewer than 30 stored records (var least_sampled) are behind the row: its intervals are not to be trusted.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per company_id and consent_status: choices (consent.given) with the status, and events of any type that carry it, with their shares.\nA status is on other events too: the state in which the user was. A NULL status is that of records which carry none.\n'
