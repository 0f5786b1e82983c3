-- Which campaigns are ahead of or behind their pace, and where will their spend end?
-- Asked by ad ops. pace_ratio compares spend with the linear pace of the observed days: within 10 percent (or --vars
-- '{pace_tolerance_percent: 20}') is on pace. A positive projected_gap_usd is budget that will be left.
-- One row per campaign that was in flight, at its latest full day of it, with the flight and budget of that day. US
-- dollars, net of invalid records.
with latest_day as (
    select max(event_date) as report_day
    from {{ ref('fct_ad_events_as_of') }}
    where publication <> 'preliminary'
),

pacing as (
    select pacing.*
    from {{ ref('fct_campaign_pacing') }} as pacing
    cross join latest_day
    where
        pacing.flight_state = 'in_flight'
        and pacing.event_date <= latest_day.report_day
    qualify row_number() over (partition by pacing.campaign_id order by pacing.event_date desc) = 1
)

select
    pacing.campaign_id as campaign_id,
    campaigns.campaign_name,
    campaigns.advertiser_name,
    campaigns.status,
    pacing.event_date as latest_day,
    pacing.end_date as end_date,
    pacing.days_left,
    pacing.days_observed,
    pacing.budget_usd as budget_usd,
    pacing.spend_usd_to_date,
    pacing.projected_end_spend_usd,
    pacing.budget_usd - pacing.projected_end_spend_usd as projected_gap_usd,
    pacing.pace_ratio,
    case
        when pacing.pace_ratio is null then 'unknown'
        when pacing.pace_ratio * 100 > 100 + {{ var('pace_tolerance_percent', 10) }} then 'ahead'
        when pacing.pace_ratio * 100 < 100 - {{ var('pace_tolerance_percent', 10) }} then 'behind'
        else 'on pace'
    end as pace
from pacing
left join {{ ref('dim_campaigns') }} as campaigns
    on pacing.campaign_id = campaigns.campaign_id
order by pacing.campaign_id
