-- A campaign's spend by its last day is the sum of its days, and its remaining budget is the budget less that spend.
with campaigns as (
    select
        campaign_id,
        sum(spend_usd) as spend_usd
    from {{ ref('fct_ad_delivery_daily') }}
    group by campaign_id
),

last_days as (
    select * from {{ ref('fct_ad_delivery_daily') }}
    qualify row_number() over (partition by campaign_id order by event_date desc) = 1
)

select
    campaigns.campaign_id,
    campaigns.spend_usd,
    last_days.spend_usd_to_date,
    last_days.budget_left_usd
from campaigns
inner join last_days on campaigns.campaign_id is not distinct from last_days.campaign_id
where
    campaigns.spend_usd <> last_days.spend_usd_to_date
    or last_days.budget_left_usd is distinct from last_days.budget_usd - campaigns.spend_usd
