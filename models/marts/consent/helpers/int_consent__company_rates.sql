{%- set given, asked, opt_ins, choices = 'totals.consent_given', 'totals.consent_asked', 'totals.opt_ins', 'totals.choices' %}

with rates as (
    select
        totals.company_id as company_id,

        {{ ratio(given ~ '_once', asked ~ '_once') }} as conversion_rate_weighted_once,
        sqrt({{ ratio_variance(given, asked) }}) as conversion_rate_weighted_once_se,
        {{ ratio(given ~ '_extrapolated', asked ~ '_extrapolated') }} as conversion_rate_extrapolated,
        {{ given }}_sampled + {{ asked }}_sampled as conversion_rate_n_sampled,

        {{ ratio(opt_ins ~ '_once', asked ~ '_once') }} as opt_in_rate_weighted_once,
        sqrt({{ ratio_variance(opt_ins, asked) }}) as opt_in_rate_weighted_once_se,
        {{ opt_ins }}_sampled + {{ asked }}_sampled as opt_in_rate_n_sampled,

        {{ ratio(opt_ins ~ '_once', choices ~ '_once') }} as consent_rate_weighted_once,
        sqrt({{ share_variance(opt_ins, choices) }}) as consent_rate_weighted_once_se,
        {{ choices }}_sampled as consent_rate_n_sampled
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
