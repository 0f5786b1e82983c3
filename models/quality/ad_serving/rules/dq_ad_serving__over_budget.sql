with spending as (
    select
        campaign_id,
        max(event_date) as last_date,
        sum(spend_usd) as spend_usd,
        max(spend_usd_over_budget_to_date) as over_budget_then
    from {{ ref('fct_campaign_pacing') }}
    group by campaign_id
),

deliveries as (
    select
        campaign_id,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell,
        count(*) as events
    from {{ ref('fct_ad_events') }}
    where is_filled
    group by campaign_id
),

judged as (
    select
        spending.campaign_id as campaign_id,
        spending.last_date as event_date,
        spending.spend_usd as spend_usd,
        spending.over_budget_then as over_budget_then,
        campaigns.budget_usd as budget_usd_now,
        greatest(coalesce(spending.spend_usd - campaigns.budget_usd, 0), 0) as over_budget_now,
        deliveries.events as events,
        deliveries.first_of_cell as first_of_cell,
        deliveries.last_of_cell as last_of_cell
    from spending
    inner join {{ ref('dim_campaigns') }} as campaigns on spending.campaign_id = campaigns.campaign_id
    inner join deliveries on spending.campaign_id = deliveries.campaign_id
),

overspent as (
    {{ overspent_of('judged') | indent(4) }}
)

{{ findings(
    'overspent', key='campaign_id', day='event_date', observed='verdict', expected=number_text('budget_usd_now'), records='events',
    impact='greatest(over_budget_then, over_budget_now)',
    numbers=['spend_usd', 'budget_usd_now', 'over_budget_then', 'over_budget_now'], texts=['campaign_id'],
    first='first_of_cell', last='last_of_cell'
) }}
