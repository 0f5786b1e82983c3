-- What were bid and budget of each campaign from when to when, and what was spent under them?
-- Asked by finance. A period goes on while neither changes, whatever else does, and ends where the campaign is deleted. A
-- day is priced by the version that held at its end, so a bid that did not last until then has no days; the first period
-- begins with 1900 and also prices what was before the campaign was seen.
-- One row per campaign and period; counts, US dollars. Of several edits between two extractions by comparing, only the
-- last is known.
with spends as (
    select
        campaign_version_id,
        count(*) as day_count,
        sum(impressions) as impression_count,
        sum(spend_usd) as spend
    from {{ ref('fct_ad_delivery_daily') }}
    where campaign_version_id is not null
    group by campaign_version_id
),

versions as (
    select
        *,
        lag(bid_usd) over in_order as bid_before,
        lag(budget_usd) over in_order as budget_before,
        lag(valid_to) over in_order as ended_before
    from {{ ref('dim_ad_delivery_campaigns_history') }}
    window in_order as (partition by campaign_id order by version_number)
),

steps as (
    select
        *,
        case
            when (bid_usd is distinct from bid_before) then 1
            when (budget_usd is distinct from budget_before) then 1
            when (valid_from is distinct from ended_before) then 1
            else 0
        end as is_step
    from versions
),

periods as (
    select
        *,
        sum(is_step) over (
            partition by campaign_id order by version_number
            rows between unbounded preceding and current row
        ) as period
    from steps
)

select
    periods.campaign_id as campaign_id,
    periods.period as period,
    min(periods.valid_from) as valid_from,
    case when count(*) = count(periods.valid_to) then max(periods.valid_to) end as valid_to,
    max(case when periods.is_step = 1 then periods.bid_before end) as bid_usd_before,
    max(periods.bid_usd) as bid_usd,
    max(case when periods.is_step = 1 then periods.budget_before end) as budget_usd_before,
    max(periods.budget_usd) as budget_usd,
    coalesce(sum(spends.day_count), 0) as days_priced,
    coalesce(sum(spends.impression_count), 0) as impressions,
    coalesce(sum(spends.spend), 0) as spend_usd
from periods
left join spends
    on periods.campaign_version_id = spends.campaign_version_id
group by periods.campaign_id, periods.period
order by periods.campaign_id, periods.period
