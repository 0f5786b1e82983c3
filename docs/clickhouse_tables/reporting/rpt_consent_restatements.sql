CREATE TABLE duckhouse_reporting.rpt_consent_restatements
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
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per UTC day, company_id and delivery that touched it: the opt-in rate before and after the delivery, and what moved it. Answers why the rate of a day is another one than was reported: publication = \'restatement\' are the deliveries after the day was published. Asked by consent product; dbt show --select why_an_opt_in_rate_changed shows one company.\n'
