with flights as (
    select * from {{ ref('dim_campaigns_history') }}
),

spend as (
    select
        campaign_id,
        event_date,
        revenue_usd - revenue_usd_invalid_records as spend_usd
    from {{ ref('fct_campaign_performance') }}
    where campaign_id is not null
),

observed_days as (
    select distinct
        event_date,
        {{ cast_to('event_date', 'timestamp') }} + interval 1 day as day_end
    from {{ ref('int_ad_serving__publications') }}
    where publication <> 'preliminary'
),

campaign_days as (
    select
        campaign_id,
        event_date
    from spend
    union distinct
    select
        flights.campaign_id,
        observed_days.event_date
    from flights
    cross join observed_days
    where
        observed_days.event_date between flights.start_date and flights.end_date
        and observed_days.day_end > flights.valid_from
        and (flights.valid_to is null or observed_days.day_end <= flights.valid_to)
),

with_spend as (
    select
        campaign_days.campaign_id as campaign_id,
        campaign_days.event_date as event_date,
        {{ cast_to('campaign_days.event_date', 'timestamp') }} + interval 1 day as day_end,
        coalesce(spend.spend_usd, 0) as spend_usd,
        observed_days.event_date is not null as is_observed
    from campaign_days
    left join observed_days on campaign_days.event_date = observed_days.event_date
    left join spend
        on
            campaign_days.campaign_id = spend.campaign_id
            and campaign_days.event_date = spend.event_date
),

with_flight as (
    select
        with_spend.campaign_id as campaign_id,
        with_spend.event_date as event_date,
        with_spend.spend_usd,
        with_spend.is_observed,
        flights.campaign_version_id,
        flights.budget_usd,
        flights.start_date,
        flights.end_date,
        case
            when flights.start_date is null or flights.end_date is null or flights.start_date > flights.end_date
                then 'unknown'
            when with_spend.event_date < flights.start_date then 'before'
            when with_spend.event_date > flights.end_date then 'after'
            else 'in_flight'
        end as flight_state
    from with_spend
    asof left join flights
        on
            with_spend.campaign_id = flights.campaign_id
            and with_spend.day_end > flights.valid_from
)

select * from with_flight
