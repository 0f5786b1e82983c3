with delivered as (
    select {{ cast_to('max(_delivered_at)', 'date') }} as last_day
    from {{ ref('stg_consent__files') }}
),

days as (
    select
        daily.event_date as event_date,
        daily.event_date < max(delivered.last_day) as is_over,
        sum(daily.events_sampled) as stored_count
    from {{ ref('fct_consent_company_daily') }} as daily
    cross join delivered
    group by daily.event_date
),

busiest as (
    select max(case when is_over then stored_count end) as most_stored
    from days
),

usual as (
    select {{ median('days.stored_count') }} as usual_stored
    from days
    cross join busiest
    where
        days.is_over
        and days.stored_count * {{ var('dq_stray_part') }} >= busiest.most_stored
),

final as (
    select
        days.event_date as event_date,
        {{ cast_to('days.is_over and days.stored_count * 2 >= coalesce(usual.usual_stored, 0)', 'boolean') }} as is_full_day
    from days
    cross join usual
)

select * from final
