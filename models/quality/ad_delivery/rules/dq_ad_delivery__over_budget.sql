with spending as (
    select
        campaign_id,
        max(event_date) as last_date,
        {{ cast_to('sum(impressions)', 'integer') }} as shown,
        sum(spend_usd) as spent_usd,
        max(coalesce(spend_usd_to_date - budget_usd, 0)) as over_budget_then
    from {{ ref('fct_ad_delivery_daily') }}
    where impressions > 0
    group by campaign_id
),

judged as (
    select
        spending.campaign_id as campaign_id,
        spending.last_date as event_date,
        spending.shown as shown,
        spending.spent_usd as spent_usd,
        campaigns.budget_usd as budget_usd_now,
        spending.over_budget_then as over_budget_then,
        greatest(coalesce(spending.spent_usd - campaigns.budget_usd, 0), 0) as over_budget_now
    from spending
    inner join {{ ref('dim_ad_delivery_campaigns') }} as campaigns on spending.campaign_id = campaigns.campaign_id
),

overspent as (
    {{ overspent_of('judged') | indent(4) }}
),

final as (
    {{ with_deliveries_behind('overspent', by=['campaign_id']) | indent(4) }}
)

{{ findings(
    'final', key=cast_to('campaign_id', 'text'), day='event_date', observed='verdict', expected=number_text('budget_usd_now'),
    records='shown', impact='greatest(over_budget_then, over_budget_now)',
    numbers=['spent_usd', 'budget_usd_now', 'over_budget_then', 'over_budget_now'], first='first_of_cell', last='last_of_cell'
) }}
