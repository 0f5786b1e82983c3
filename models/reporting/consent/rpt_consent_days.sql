with totals as (
    select
        daily.event_date as event_date,
        daily.company_id as company_id,
        {{ consent_volume_sums('daily') }}
    from {{ ref('int_consent__company_daily') }} as daily
    group by daily.event_date, daily.company_id
),

sums as (
    select
        totals.*,
        {{ consent_rates('totals') }}
    from totals
),

final as (
    select
        ---------- day and company
        sums.event_date as event_date,
        {{ cast_to('sums.company_id', 'text_nullable') }} as company_id,
        {{ cast_to('coalesce(companies.industry_front, companies.industry_back)', 'text_nullable') }} as industry,
        companies.hq_country as hq_country,
        {{ cast_to(is_after_last_delivery('sums.event_date'), 'boolean') }} as is_after_last_delivery,
        {{ cast_to('full_days.is_full_day', 'boolean') }} as is_full_day,

        ---------- rates to report, and the volumes behind them
        {{ reported_consent('sums') }},

        ---------- what rates per notice of several companies count
        {{ cast_to('sums.consent_given_with_notices_once', 'money') }} as choices_with_notices,
        {{ cast_to('sums.opt_ins_with_notices_once', 'money') }} as opt_ins_with_notices
    from sums
    inner join {{ ref('int_consent__days') }} as full_days on sums.event_date = full_days.event_date
    left join {{ ref('dim_companies') }} as companies on sums.company_id = companies.company_id
)

select * from final
