CREATE TABLE duckhouse_reporting.rpt_consent_days
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
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per UTC day and company_id: the rates to report with their intervals, and the volumes behind them. Answers how consent develops at a company. Asked by consent product. Events without a company are in rows whose company_id is NULL.\n'
