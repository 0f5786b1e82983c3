{#
    An error names a campaign and a day, or only the campaign. A budget error applies to the days on which the budget
    was already exceeded.
#}
with days as (
    select
        daily.campaign_id as campaign_id,
        daily.event_date as event_date,
        daily.impressions as impressions,
        daily.clicks as clicks,
        daily.spend_usd as spend_usd,
        campaigns.campaign_name as campaign_name,
        daily.spend_usd_to_date > least(daily.budget_usd, campaigns.budget_usd) as is_over_budget
    from {{ ref('fct_ad_delivery_daily') }} as daily
    inner join {{ ref('dim_ad_delivery_campaigns') }} as campaigns
        on daily.campaign_id = campaigns.campaign_id
    where daily.impressions + daily.clicks > 0
),

named as (
    select
        *,
        {{ campaign_and_day() }} as named_key
    from days
    union all
    select
        *,
        'campaigns/' || {{ cast_to('campaign_id', 'text') }} as named_key
    from days
    union all
    select
        *,
        {{ cast_to('campaign_id', 'text') }} as named_key
    from days
    where is_over_budget
),

in_errors as (
    select
        named.campaign_id as campaign_id,
        named.event_date as event_date,
        max(named.campaign_name) as campaign_name,
        max(named.impressions) as impressions,
        max(named.clicks) as clicks,
        max(named.spend_usd) as spend_usd,
        {{ ordered_text_agg('findings.rule_id') }} as rules
    from named
    inner join {{ ref('fct_dq_findings') }} as findings
        on named.named_key = findings.finding_key
    where
        findings.source = 'ad_delivery'
        and findings.severity = 'error'
        and findings.is_open
    group by named.campaign_id, named.event_date
),

final as (
    select
        {{ declared_columns('in_errors') | indent(8) }}
    from in_errors
)

select * from final
