{%- set impact = cast_to('abs(coalesce(errors.impact_amount, 0))', 'money') %}

with errors as (
    select
        *,
        regexp_extract(finding_key, '^([^|]*)', 1) as publisher_of_key,
        case when event_date is null then nullif(regexp_extract(finding_key, '[|](.*)$', 1), '') end as campaign_of_key
    from {{ ref('fct_dq_findings') }}
    where
        is_open
        and rule_id in (
            'ad_serving__publisher_price_out_of_line', 'ad_serving__publisher_price_step',
            'ad_serving__cell_price_out_of_line'
        )
),

months as (
    select
        errors.finding_id as finding_id,
        {{ month_of('daily.reporting_date') }} as first_of_month,
        {{ cast_to('sum(daily.revenue_usd) * 1000000', 'integer') }} as micros_of_month
    from errors
    inner join {{ ref('fct_ad_events_daily') }} as daily on errors.publisher_of_key = daily.publisher_id
    where
        (errors.event_date is null or errors.event_date = daily.event_date)
        and (errors.campaign_of_key is null or errors.campaign_of_key = daily.campaign_id)
    group by errors.finding_id, {{ month_of('daily.reporting_date') }}
    having sum(daily.revenue_usd) <> 0
),

shared as (
    select
        *,
        {{ cast_to('sum(micros_of_month) over (partition by finding_id)', 'integer') }} as micros_of_error
    from months
),

final as (
    select
        errors.finding_id as finding_id,
        shared.first_of_month as reporting_month,
        errors.rule_id as rule_id,
        {{ cast_to('rules.title', 'text') }} as title,
        errors.finding_key as finding_key,

        ---------- whose price it is
        {{ cast_to('errors.publisher_of_key', 'text') }} as publisher_id,
        publishers.publisher_name as publisher_name,
        publishers.account_manager as account_manager,
        {{ cast_to('errors.campaign_of_key', 'text_nullable') }} as campaign_id,
        errors.event_date as event_date,

        ---------- the price, and what depends on it
        errors.observed as price_usd,
        errors.expected as expected_price_usd,
        {{ cast_to(
            'coalesce(' ~ share_of(impact, 'shared.micros_of_month', 'shared.micros_of_error') ~ ', 0)', 'money'
        ) }} as revenue_usd_in_doubt
    from errors
    inner join shared on errors.finding_id = shared.finding_id
    inner join {{ ref('dim_dq_rules') }} as rules on errors.rule_id = rules.rule_id
    left join {{ ref('dim_publishers') }} as publishers on errors.publisher_of_key = publishers.publisher_id
)

select * from final
