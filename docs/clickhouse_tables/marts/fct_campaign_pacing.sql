CREATE TABLE duckhouse_marts.fct_campaign_pacing
(
    `campaign_id` String COMMENT 'Key of the campaign as delivered; NULL when no ad was served.',
    `event_date` Date32 COMMENT 'Day of event_at in UTC.',
    `campaign_version_id` Nullable(String) COMMENT 'Key of dim_campaigns_history; NULL where no delivery knows the campaign.',
    `start_date` Nullable(Date32) COMMENT 'First day of the flight.',
    `end_date` Nullable(Date32) COMMENT 'Last day of the flight.',
    `flight_state` String COMMENT 'in_flight, before or after it; unknown where the flight is missing or ends before it starts: its spend counts as in flight.',
    `days_in_flight` Nullable(Int64) COMMENT 'Days of the flight, first and last included.',
    `days_elapsed` Nullable(Int64) COMMENT 'Days of the flight up to this day, this day included.',
    `days_left` Nullable(Int64) COMMENT 'Days of the flight after this day.',
    `days_observed` Int64 COMMENT 'Days of the flight with data up to this day.',
    `budget_usd` Nullable(Decimal(38, 6)) COMMENT 'Budget of the flight in US dollars.',
    `spend_usd` Decimal(38, 6) COMMENT 'US dollars spent on the day.',
    `spend_usd_to_date` Decimal(38, 6) COMMENT 'US dollars spent in flight up to this day.',
    `spend_usd_out_of_flight` Decimal(38, 6) COMMENT 'US dollars spent on the day, where it lies outside of the flight.',
    `spend_usd_out_of_flight_to_date` Decimal(38, 6) COMMENT 'US dollars spent outside of the flight up to this day.',
    `spend_usd_over_budget` Decimal(38, 6) COMMENT 'The part of the spend of the day that lies beyond the budget.',
    `spend_usd_over_budget_to_date` Decimal(38, 6) COMMENT 'US dollars by which the spend in flight exceeds the budget.',
    `expected_spend_usd` Nullable(Decimal(38, 6)) COMMENT 'budget_usd x days_elapsed / days_in_flight: the linear pace, US dollars cut to the micro-dollar.',
    `projected_end_spend_usd` Nullable(Decimal(38, 6)) COMMENT 'spend_usd_to_date / days_observed x days_in_flight: spend at the end of the flight if days without data are like those with, US dollars cut to the micro-dollar.',
    `pace_ratio` Nullable(Float64) COMMENT 'spend_usd_to_date divided by the linear pace of the observed days; above 1 is ahead.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per campaign and observed day of its flight, and per day with spend outside of it: spend against flight and budget.\nSpend is the revenue of the campaign\'s events, net of invalid records. Flight and budget are those of the version that held at the end of the UTC day. A day is observed once it is published (fct_ad_events_as_of.publication), so days before the first data count in no average; a day that is not over has a row only where something was spent.\n'
