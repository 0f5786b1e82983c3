with daily as (
    select
        consent.*,
        {{ cast_to('coalesce(companies.industry_front, companies.industry_back)', 'text_nullable') }} as industry,
        consent.country_code as country,
        consent.device_type as device,
        {{ day_or_later('consent.event_date') }} as day
    from {{ ref('int_consent__company_daily') }} as consent
    left join {{ ref('dim_companies') }} as companies on consent.company_id = companies.company_id
),

totals as (
    {{ breakdowns(
        'daily', ['industry', 'country', 'device', 'day'], company_counts('daily') ~ ', ' ~ consent_volume_sums('daily')
    ) }}
),

sums as (
    select
        totals.*,
        {{ consent_rates('totals', of='_with_notices') }}
    from totals
),

final as (
    select
        ---------- breakdown
        sums.breakdown as breakdown,
        sums.member as member,

        ---------- rates to report, and the volumes behind them
        {{ reported_consent('sums', of='_with_notices') }},

        ---------- companies, and what the rates per notice leave out
        {{ cast_to('sums.company_count', 'integer') }} as companies,
        {{ cast_to('sums.company_without_notices_count', 'integer') }} as companies_without_notices,
        {{ cast_to('sums.consent_given_once - sums.consent_given_with_notices_once', 'money') }} as choices_without_notices
    from sums
)

select * from final
