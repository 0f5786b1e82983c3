with spends as (
    select
        daily.campaign_version_id as campaign_version_id,
        count(*) as days_priced,
        sum(daily.impressions) as impressions,
        sum(daily.spend_usd) as spend_usd
    from {{ ref('fct_ad_delivery_daily') }} as daily
    where daily.campaign_version_id is not null
    group by daily.campaign_version_id
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
),

priced as (
    select
        periods.campaign_id as campaign_id,
        periods.period as period,
        min(periods.valid_from) as valid_from,
        case when count(*) = count(periods.valid_to) then max(periods.valid_to) end as valid_to,
        max(case when periods.is_step = 1 then periods.bid_before end) as bid_usd_before,
        max(periods.bid_usd) as bid_usd,
        max(case when periods.is_step = 1 then periods.budget_before end) as budget_usd_before,
        max(periods.budget_usd) as budget_usd,
        coalesce(sum(spends.days_priced), 0) as days_priced,
        coalesce(sum(spends.impressions), 0) as impressions,
        coalesce(sum(spends.spend_usd), 0) as spend_usd
    from periods
    left join spends
        on periods.campaign_version_id = spends.campaign_version_id
    group by periods.campaign_id, periods.period
),

final as (
    select
        {{ declared_columns('priced', {'campaign_name': 'campaigns.campaign_name'}) | indent(8) }}
    from priced
    inner join {{ ref('dim_ad_delivery_campaigns') }} as campaigns
        on priced.campaign_id = campaigns.campaign_id
)

select * from final
