CREATE TABLE duckhouse_reporting.rpt_ad_serving_segments
(
    `segment` String COMMENT 'ad_format, device, country or device_and_country.',
    `ad_format` Nullable(String) COMMENT 'Ad format of the segment ad_format, else NULL.',
    `device_type` Nullable(String) COMMENT 'Device of the segments device and device_and_country, else NULL.',
    `country_code` Nullable(String) COMMENT 'Country of the segments country and device_and_country, else NULL.',
    `impressions` Int64 COMMENT 'Events of type impression, filled or not.',
    `filled_impressions` Int64 COMMENT 'Impressions for which an ad was served.',
    `clicks` Int64 COMMENT 'Events of type click.',
    `viewable_impressions` Int64 COMMENT 'Events of type viewable_impression.',
    `has_enough_impressions` Bool COMMENT 'Whether it has at least var least_filled_impressions filled impressions: at 100 the standard error of a rate is at most 5 points.\n',
    `fill_rate` Nullable(Float64) COMMENT 'filled_impressions / impressions; NULL without impressions.',
    `fill_rate_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `fill_rate_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `ctr` Nullable(Float64) COMMENT 'Clicks per ad shown: clicks / filled_impressions, not / impressions, because an unfilled impression shows no ad. NULL without filled impressions.',
    `ctr_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `ctr_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `viewability_rate` Nullable(Float64) COMMENT 'viewable_impressions / filled_impressions; NULL without filled impressions.',
    `viewability_rate_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `viewability_rate_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `revenue_usd_net_of_invalid_records` Decimal(38, 6) COMMENT 'revenue_usd less revenue_usd_invalid_records; invalid traffic is still in it.',
    `ecpm_usd` Nullable(Decimal(38, 6)) COMMENT 'Net revenue per thousand filled impressions, what a served ad earns; US dollars cut to the micro-dollar.\n',
    `rpm_usd` Nullable(Decimal(38, 6)) COMMENT 'Net revenue per thousand impressions, filled or not; US dollars cut to the micro-dollar.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per segment and member of it: ad formats, devices, countries, and pairs of device and country, with rates and earnings.\nAd ops: on which devices and in which countries are ads clicked and seen? Publisher managers: which ad formats earn most per thousand impressions? Pick one segment: each holds all events. Rates come with their Wilson interval (var confidence_z): clicks and views of few impressions say little. The ad format is that of today, NULL for ad units that no delivery knows.\n'
