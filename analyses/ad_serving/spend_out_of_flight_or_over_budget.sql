-- Which campaigns spent outside of their flight or more than their budget?
-- Asked by ad ops. Neither can be billed to the advertiser. Each day is judged by the flight that held on it;
-- start_date, end_date and budget_usd are those of today, so a flight that was prolonged afterwards stands out.
-- One row per campaign with such spend. US dollars, net of invalid records.
with days as (
    select
        *,
        row_number() over (partition by campaign_id order by event_date desc) as recency
    from {{ ref('fct_campaign_pacing') }}
),

campaigns_now as (
    select
        campaign_id,
        count(*) filter (where flight_state in ('before', 'after')) as days_out_of_flight,
        min(case when flight_state in ('before', 'after') then event_date end) as first_day_out_of_flight,
        max(case when flight_state in ('before', 'after') then event_date end) as last_day_out_of_flight,
        sum(spend_usd_out_of_flight) as out_of_flight_usd,
        {{ sum_where('spend_usd_over_budget_to_date', 'recency = 1') }} as over_budget_usd
    from days
    group by campaign_id
)

select
    campaigns_now.campaign_id as campaign_id,
    campaigns.campaign_name,
    campaigns.advertiser_name,
    campaigns.start_date,
    campaigns.end_date,
    campaigns.budget_usd,
    campaigns_now.days_out_of_flight,
    campaigns_now.first_day_out_of_flight,
    campaigns_now.last_day_out_of_flight,
    campaigns_now.out_of_flight_usd,
    campaigns_now.over_budget_usd
from campaigns_now
left join {{ ref('dim_campaigns') }} as campaigns
    on campaigns_now.campaign_id = campaigns.campaign_id
where campaigns_now.out_of_flight_usd <> 0 or campaigns_now.over_budget_usd > 0
order by campaigns_now.campaign_id
