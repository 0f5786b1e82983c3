with rates as (
    select
        totals.company_id as company_id,
        {{ consent_rates('totals') }},
        {{ ratio('totals.consent_given_extrapolated', 'totals.consent_asked_extrapolated') }} as conversion_rate_extrapolated
    from {{ ref('int_consent__company_totals') }} as totals
),

final as (
    select
        *,
        {# the relative error of the unbiased estimate #}
        conversion_rate_weighted_once_se * coalesce(
            {{ ratio('conversion_rate_extrapolated', 'conversion_rate_weighted_once') }}, 1
        ) as conversion_rate_extrapolated_se
    from rates
)

select * from final
