with latest_day as (
    select max(event_date) as report_day
    from {{ ref('int_ad_serving__publications') }}
    where publication <> 'preliminary'
),

pacing as (
    select
        pacing.*,
        row_number() over (partition by pacing.campaign_id order by pacing.event_date desc) as recency,
        pacing.flight_state = 'in_flight' and pacing.event_date <= latest_day.report_day as is_day_of_pace
    from {{ ref('fct_campaign_pacing') }} as pacing
    cross join latest_day
),

paced as (
    select * from pacing
    where is_day_of_pace
    qualify row_number() over (partition by campaign_id order by event_date desc) = 1
),

totals as (
    select
        campaign_id,
        max(case when recency = 1 then flight_state end) as last_flight_state,
        sum(spend_usd) as spend,
        count(*) filter (where flight_state in ('before', 'after')) as days_outside,
        min(case when flight_state in ('before', 'after') then event_date end) as first_day_outside,
        max(case when flight_state in ('before', 'after') then event_date end) as last_day_outside,
        sum(spend_usd_out_of_flight) as spend_outside,
        {{ sum_where('spend_usd_over_budget_to_date', 'recency = 1') }} as spend_over_budget
    from pacing
    group by campaign_id
),

final as (
    select
        ---------- the campaign as it is now
        totals.campaign_id as campaign_id,
        campaigns.campaign_name as campaign_name,
        campaigns.advertiser_name as advertiser_name,
        campaigns.status as status,
        campaigns.start_date as start_date,
        campaigns.end_date as end_date,
        campaigns.budget_usd as budget_usd,
        {{ cast_to('totals.last_flight_state', 'text') }} as flight_state,
        {{ cast_to('totals.spend', 'money') }} as spend_usd,

        ---------- pace, on the last day of its flight that is over
        {{ cast_to('paced.event_date', 'date_nullable') }} as pace_date,
        {{ cast_to('paced.days_left', 'integer_nullable') }} as days_left,
        {{ cast_to('paced.days_observed', 'integer_nullable') }} as days_observed,
        {{ cast_to('paced.budget_usd', 'money_nullable') }} as pace_budget_usd,
        {{ cast_to('paced.spend_usd_to_date', 'money_nullable') }} as spend_usd_to_date,
        {{ cast_to('paced.expected_spend_usd', 'money_nullable') }} as expected_spend_usd,
        {{ cast_to('paced.projected_end_spend_usd', 'money_nullable') }} as projected_end_spend_usd,
        {{ cast_to('paced.budget_usd - paced.projected_end_spend_usd', 'money_nullable') }} as projected_gap_usd,
        {{ cast_to('paced.pace_ratio', 'ratio_nullable') }} as pace_ratio,
        {{ cast_to("case
            when paced.pace_ratio is null then 'unknown'
            when paced.pace_ratio * 100 > 100 + " ~ var('pace_tolerance_percent') ~ " then 'ahead'
            when paced.pace_ratio * 100 < 100 - " ~ var('pace_tolerance_percent') ~ " then 'behind'
            else 'on pace'
        end", 'text') }} as pace,

        ---------- what cannot be billed to the advertiser
        {{ cast_to('totals.days_outside', 'integer') }} as days_out_of_flight,
        {{ cast_to('totals.first_day_outside', 'date_nullable') }} as first_day_out_of_flight,
        {{ cast_to('totals.last_day_outside', 'date_nullable') }} as last_day_out_of_flight,
        {{ cast_to('totals.spend_outside', 'money') }} as spend_usd_out_of_flight,
        totals.spend_over_budget as spend_usd_over_budget
    from totals
    left join paced on totals.campaign_id = paced.campaign_id
    left join {{ ref('dim_campaigns') }} as campaigns on totals.campaign_id = campaigns.campaign_id
)

select * from final
