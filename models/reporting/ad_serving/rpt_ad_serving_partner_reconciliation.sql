with periods as (
    select * from {{ ref('int_ad_serving__partner_periods') }}
),

known_now as (
    select
        periods.partner_account_id as partner_account_id,
        periods.source_system as source_system,
        periods.period_end as period_end,
        sum(daily.revenue_usd) as revenue_usd
    from periods
    inner join {{ ref('fct_ad_events_daily') }} as daily on periods.partner_account_id = daily.publisher_id
    where
        (periods.previous_end is null or daily.event_date > periods.previous_end)
        and daily.event_date <= periods.period_end
    group by periods.partner_account_id, periods.source_system, periods.period_end
),

final as (
    select
        ---------- the period
        {{ cast_to('periods.period_end', 'date') }} as period_end,
        {{ cast_to('periods.previous_end + interval 1 day', 'date_nullable') }} as period_start,
        {{ cast_to('periods.partner_account_id', 'text_nullable') }} as publisher_id,
        publishers.publisher_name as publisher_name,
        publishers.account_manager as account_manager,
        {{ cast_to('periods.source_system', 'text_nullable') }} as partner_system,

        ---------- the partner's amount, and ours
        {{ cast_to('periods.partner_amount', 'money') }} as revenue_usd_partner,
        {{ cast_to('periods.revenue_usd', 'money') }} as revenue_usd_then,
        {{ cast_to('coalesce(known_now.revenue_usd, 0)', 'money') }} as revenue_usd_now,
        {{ cast_to('periods.difference', 'money') }} as revenue_usd_difference,
        {{ ratio('periods.difference', 'periods.revenue_usd') }} as difference_share,
        {{ cast_to('periods.tolerated', 'money') }} as revenue_usd_tolerated,
        {{ cast_to('abs(periods.difference) <= periods.tolerated', 'boolean') }} as is_within_tolerance,

        ---------- where it comes from
        {{ cast_to('periods._delivery_id', 'text') }} as delivery_id,
        {{ cast_to('periods._delivered_at', 'timestamp') }} as delivered_at
    from periods
    left join known_now
        on
            periods.partner_account_id = known_now.partner_account_id
            and periods.source_system = known_now.source_system
            and periods.period_end = known_now.period_end
    left join {{ ref('dim_publishers') }} as publishers on periods.partner_account_id = publishers.publisher_id
)

select * from final
