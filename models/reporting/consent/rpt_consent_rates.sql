with daily as (
    select
        consent.*,
        {{ cast_to('coalesce(companies.industry_front, companies.industry_back)', 'text_nullable') }} as industry,
        consent.country_code as country,
        consent.device_type as device,
        {{ day_or_later('consent.event_date') }} as day
    from {{ ref('fct_consent_company_daily') }} as consent
    left join {{ ref('dim_companies') }} as companies on consent.company_id = companies.company_id
),

totals as (
    {{ breakdowns('daily', ['industry', 'country', 'device', 'day'], consent_volume_sums('daily')) }}
),

sums as (
    select
        totals.*,
        {{ consent_rates('totals') }}
    from totals
),

final as (
    select
        ---------- breakdown
        sums.breakdown as breakdown,
        sums.member as member,

        ---------- rates to report, and the volumes behind them
        {{ reported_consent('sums') }}
    from sums
)

select * from final
