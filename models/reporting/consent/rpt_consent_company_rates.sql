with daily as (
    select
        consent.*,
        consent.country_code as country,
        consent.device_type as device
    from {{ ref('int_consent__company_daily') }} as consent
),

totals as (
    {{ breakdowns('daily', ['country', 'device'], consent_volume_sums('daily'), per=['company_id']) }}
),

sums as (
    select
        totals.*,
        {{ consent_rates('totals') }}
    from totals
),

final as (
    select
        ---------- company and breakdown
        {{ cast_to('sums.company_id', 'text_nullable') }} as company_id,
        sums.breakdown as breakdown,
        sums.member as member,

        ---------- rates to report, and the volumes behind them
        {{ reported_consent('sums') }}
    from sums
    where sums.breakdown <> 'all'
)

select * from final
