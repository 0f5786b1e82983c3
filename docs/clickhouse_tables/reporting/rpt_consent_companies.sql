CREATE TABLE duckhouse_reporting.rpt_consent_companies
(
    `company_id` String COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `industry` Nullable(String) COMMENT 'Industry of the company as it is shown, or else as the back office groups it.',
    `hq_country` Nullable(String) COMMENT 'Country of the headquarters, by its English name.',
    `is_listed` Bool COMMENT 'Whether a company file knows it.',
    `first_event_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'The earliest of its events, UTC.',
    `last_event_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'The latest of its events, UTC.',
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
    `events_by_count_and_rate` Decimal(38, 6) COMMENT 'Events of every type by COUNT / RATE, as the sender specifies, not to be reported: where COUNT already is the inverse of RATE this applies the weight twice.\n',
    `countries` Int64 COMMENT 'Countries among its stored events.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per company_id: the rates to report with their intervals, and the volumes behind them. Answers how many users consent at each company, and how sure that is. Asked by consent product and by whoever looks after a company.\nThe readable part of agg_consent_company, which has every reading of every type. Companies without events are there, with rates of NULL, and companies that no file lists. Windows differ between companies: compare rates, not volumes.\n'
