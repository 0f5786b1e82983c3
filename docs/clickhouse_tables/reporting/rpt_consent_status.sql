CREATE TABLE duckhouse_reporting.rpt_consent_status
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
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per company_id and consent_status of its choices: how many users opted in fully, partly or not at all. Asked by consent product. A NULL status is that of choices that carry none.\n'
