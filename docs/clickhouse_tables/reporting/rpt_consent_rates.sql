CREATE TABLE duckhouse_reporting.rpt_consent_rates
(
    `breakdown` String COMMENT 'By what the row is broken down; all for the total.',
    `member` Nullable(String) COMMENT 'The industry, country, device or day; days after the last delivery are one member. NULL where events do not say.\n',
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
    `companies` Int64 COMMENT 'Companies with stored events.',
    `companies_without_notices` Int64 COMMENT 'Those of them of which no notice is stored, on whatever day. Rates per notice leave them out.',
    `choices_without_notices` Decimal(38, 6) COMMENT 'Choices of these companies, estimated without bias.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per breakdown and member: the rates to report over all companies, and by industry, country, device and UTC day. Answers where and on what people consent. Asked by consent product and sales.\nThe members of a breakdown add up to all, so read one: breakdown = \'country\'. A member of NULL holds the events that do not say. Totals are divided, never averaged, so companies with many notices weigh more. Opt-in rate and conversion rate leave out the choices of companies of which no notice is stored, because the notices that they answer would be missing from the denominator; opt_ins and choices are of all companies.\n'
