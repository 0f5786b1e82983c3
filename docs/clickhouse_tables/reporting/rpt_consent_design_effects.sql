CREATE VIEW duckhouse_reporting.rpt_consent_design_effects
(
    `company_id` String COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `industry` Nullable(String) COMMENT 'Industry of the company as it is shown, or else as the back office groups it.',
    `event_type` String COMMENT 'consent.asked, consent.given, pageview or ui.action; other spellings are kept as delivered, in lower case.',
    `design_effect` Nullable(Float64) COMMENT 'Variance by user over the variance by event; 1 where no user is seen again.',
    `events` Decimal(38, 6) COMMENT 'Events of the type in the population, estimated without bias.',
    `events_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. Were events drawn by themselves.',
    `events_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. Were events drawn by themselves.',
    `events_by_user_low` Nullable(Float64) COMMENT 'Lower end of its 95 % interval. Were users drawn with all their events; NULL where too few records have a user.',
    `events_by_user_high` Nullable(Float64) COMMENT 'Upper end of its 95 % interval. Were users drawn with all their events; NULL where too few records have a user.',
    `events_stored` Int64 COMMENT 'Stored records of the type.',
    `users_stored` Int64 COMMENT 'Users of the stored records.',
    `users_seen_again` Int64 COMMENT 'Users with more than one stored event.'
)
COMMENT 'One row per company_id and event_type that is sampled: the interval of its volume were events drawn, and the one were users drawn. Answers how much wider intervals are if RATE is a share of users. Asked by analysts before they trust a narrow interval.\n'
AS WITH
    final AS
    (
        SELECT
            effects.company_id AS company_id,
            CAST(coalesce(companies.industry_front, companies.industry_back), 'Nullable(String)') AS industry,
            effects.event_type AS event_type,
            effects.design_effect AS design_effect,
            effects.events_weighted_once AS events,
            effects.events_weighted_once_low AS events_low,
            effects.events_weighted_once_high AS events_high,
            effects.events_weighted_once_by_user_low AS events_by_user_low,
            effects.events_weighted_once_by_user_high AS events_by_user_high,
            effects.events_sampled AS events_stored,
            effects.users_sampled AS users_stored,
            effects.users_seen_again AS users_seen_again
        FROM duckhouse_marts.agg_consent_design_effects AS effects
        LEFT JOIN duckhouse_marts.dim_companies AS companies ON effects.company_id = companies.company_id
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
