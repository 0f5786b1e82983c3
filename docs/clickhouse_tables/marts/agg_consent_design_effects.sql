CREATE TABLE duckhouse_marts.agg_consent_design_effects
(
    `company_id` String COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `event_type` String COMMENT 'consent.asked, consent.given, pageview or ui.action; other spellings are kept as delivered, in lower case.',
    `events_sampled` Int64 COMMENT 'Stored records.',
    `users_sampled` Int64 COMMENT 'Users of the stored records.',
    `users_seen_again` Int64 COMMENT 'Users with more than one stored event.',
    `share_with_user_sampled` Nullable(Float64) COMMENT 'Share of the stored records, unweighted, that have a user and are one stored event.',
    `events_weighted_once` Decimal(38, 6) COMMENT 'Events in the population, estimated without bias, weighing each stored event by 1 / RATE.',
    `events_weighted_once_se` Nullable(Float64) COMMENT 'Its standard error where each event was drawn by itself.',
    `events_weighted_once_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `events_weighted_once_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `events_weighted_once_by_user_se` Nullable(Float64) COMMENT 'Its standard error where users were drawn with all their events; NULL where too few records have a user.',
    `events_weighted_once_by_user_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval.',
    `events_weighted_once_by_user_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval.',
    `design_effect` Nullable(Float64) COMMENT 'Variance by user over the variance by event (Kish 1965): 1 where no user is seen again. Its square root is how many times as wide the interval by user is.',
    `design_effect_without_largest_user` Nullable(Float64) COMMENT 'The same with the one user that adds most taken as drawn event by event, so that no single robot makes it.',
    `events_per_user_if_independent` Nullable(Float64) COMMENT 'How many events of the type the user of an average event must have, were events drawn by themselves: 1 + the sum of w_i w_j over pairs of stored events of a user / the sum of w. More than people do says that users were drawn.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per company_id and event_type that is not stored whole: its total, and its error if events were drawn, and if users were.\nRATE does not say what was drawn. events_weighted_once_se and its interval hold where each event was drawn by itself, as in agg_consent_company; those by user where a user\'s events are stored all or not at all. The second is as wide where no user is seen again. Where ids of one person are missing in more than 1 - least_share_with_user of the records, the errors by user are NULL; an event without a user counts as drawn by itself, and so does a record that is several stored events (COUNT above 1 / RATE), of which USER_ID names one. Types that are stored whole have no error and no row.\n'
