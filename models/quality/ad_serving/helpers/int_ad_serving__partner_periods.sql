{{ config(materialized='ephemeral') }}

{%- set tolerated_parts = (var('dq_partner_tolerance') | float * 1000000) | round | int %}

with ledger as (
    select *
    from {{ ref('stg_ad_serving__partner_ledger') }}
    where
        period_end is not null
        and partner_amount is not null
        and partner_currency = 'USD'
    qualify row_number() over (partition by partner_account_id, source_system, period_end order by {{ latest_first() }}) = 1
),

periods as (
    select
        *,
        lag({{ cast_to('period_end', 'date_nullable') }}) over (
            partition by partner_account_id, source_system order by period_end
        ) as previous_end
    from ledger
),

{# what we knew when the partner wrote the ledger, so that later corrections are no difference #}
known_then as (
    select
        periods.partner_account_id as partner_account_id,
        periods.source_system as source_system,
        periods.period_end as period_end,
        figures.event_date as event_date,
        figures.revenue_usd as revenue_usd,
        figures.impressions as impressions
    from periods
    inner join {{ ref('fct_ad_events_as_of') }} as figures on periods.partner_account_id = figures.publisher_id
    where
        (periods.previous_end is null or figures.event_date > periods.previous_end)
        and figures.event_date <= periods.period_end
        and figures._delivery_id <= periods._delivery_id
    qualify
        row_number() over (
            partition by periods.partner_account_id, periods.source_system, periods.period_end, figures.event_date
            order by figures._delivery_id desc
        ) = 1
),

ours as (
    select
        partner_account_id,
        source_system,
        period_end,
        sum(revenue_usd) as revenue_usd,
        sum(impressions) as impressions
    from known_then
    group by partner_account_id, source_system, period_end
),

{# the partner rounds to a cent #}
compared as (
    select
        periods.partner_account_id as partner_account_id,
        periods.source_system as source_system,
        periods.period_end as period_end,
        periods.previous_end as previous_end,
        periods.partner_amount as partner_amount,
        periods._delivery_id as _delivery_id,
        periods._delivered_at as _delivered_at,
        coalesce(ours.revenue_usd, 0) as revenue_usd,
        coalesce(ours.impressions, 0) as impressions,
        periods.partner_amount - coalesce(ours.revenue_usd, 0) as difference,
        {{ share_of('abs(coalesce(ours.revenue_usd, 0))', tolerated_parts, '1000000') }}
        + {{ cast_to("'" ~ var('dq_partner_rounding') ~ "'", 'money') }} as tolerated
    from periods
    left join ours
        on
            periods.partner_account_id = ours.partner_account_id
            and periods.source_system = ours.source_system
            and periods.period_end = ours.period_end
)

select * from compared
