CREATE TABLE duckhouse_reporting.rpt_consent_choices
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
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per kind, item_id, breakdown and member: how often notices offer a purpose or vendor, and how often users enable or disable it, over all companies and by company, country, device and UTC day. Answers which vendors and purposes people refuse, and where. Asked by consent product and by the vendors\' managers.\nThe members of a breakdown add up to all, so read one: breakdown = \'all\' for a list of vendors. Sums of several items mean nothing, because one notice offers many.\n'
