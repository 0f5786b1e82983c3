with campaign_days as (
    select
        *,
        case when flight_state in ('before', 'after') then 0 else spend_usd end as spend_in_flight,
        case when flight_state in ('before', 'after') then spend_usd else 0 end as spend_out_of_flight,
        case when flight_state <> 'unknown' then date_diff('day', start_date, end_date) + 1 end as days_of_flight,
        case when flight_state <> 'unknown' then date_diff('day', event_date, end_date) end as days_to_end
    from {{ ref('int_ad_serving__campaign_days') }}
),

to_date as (
    select
        *,
        sum(spend_in_flight) over up_to_here as spend_in_flight_to_date,
        sum(spend_out_of_flight) over up_to_here as spend_out_of_flight_to_date,
        count(*) filter (where flight_state = 'in_flight' and is_observed) over up_to_here as observed_count,
        case
            when days_to_end < 0 then 0
            when days_to_end < days_of_flight then days_to_end
            else days_of_flight
        end as days_left
    from campaign_days
    window up_to_here as (
        partition by campaign_id order by event_date
        rows between unbounded preceding and current row
    )
),

paced as (
    select
        *,
        days_of_flight - days_left as days_elapsed,
        {{ share_of('budget_usd', '(days_of_flight - days_left)', 'days_of_flight') }} as expected_spend,
        {{ share_of('budget_usd', 'observed_count', 'days_of_flight') }} as expected_of_observed_days,
        {{ share_of('spend_in_flight_to_date', 'days_of_flight', 'observed_count') }} as projected_end_spend,
        case when spend_in_flight_to_date > budget_usd then spend_in_flight_to_date - budget_usd else 0 end as over_budget_to_date
    from to_date
),

final as (
    select
        ---------- ids
        {{ cast_to('campaign_id', 'text') }} as campaign_id,
        {{ cast_to('event_date', 'date') }} as event_date,
        campaign_version_id,

        ---------- flight
        start_date,
        end_date,
        {{ cast_to('flight_state', 'text') }} as flight_state,
        {{ cast_to('days_of_flight', 'integer_nullable') }} as days_in_flight,
        {{ cast_to('days_elapsed', 'integer_nullable') }} as days_elapsed,
        {{ cast_to('days_left', 'integer_nullable') }} as days_left,
        {{ cast_to('observed_count', 'integer') }} as days_observed,

        ---------- money
        budget_usd,
        {{ cast_to('spend_usd', 'money') }} as spend_usd,
        {{ cast_to('spend_in_flight_to_date', 'money') }} as spend_usd_to_date,
        {{ cast_to('spend_out_of_flight', 'money') }} as spend_usd_out_of_flight,
        {{ cast_to('spend_out_of_flight_to_date', 'money') }} as spend_usd_out_of_flight_to_date,
        {{ cast_to(
            'case when over_budget_to_date < spend_in_flight then over_budget_to_date else spend_in_flight end', 'money'
        ) }} as spend_usd_over_budget,
        {{ cast_to('over_budget_to_date', 'money') }} as spend_usd_over_budget_to_date,

        ---------- pace
        expected_spend as expected_spend_usd,
        projected_end_spend as projected_end_spend_usd,
        {{ ratio('spend_in_flight_to_date', 'expected_of_observed_days') }} as pace_ratio
    from paced
)

select * from final
