{%- set given, asked, opt_ins, choices = 'totals.consent_given', 'totals.consent_asked', 'totals.opt_ins', 'totals.choices' %}

with rates as (
    select
        totals.company_id as company_id,

        {{ ratio(given ~ '_brief', asked ~ '_brief') }} as conversion_brief,
        {{ ratio(given ~ '_once', asked ~ '_once') }} as conversion,
        sqrt({{ ratio_variance(given, asked) }}) as conversion_error,
        {{ given }}_sampled + {{ asked }}_sampled as conversion_sampled,

        {{ ratio(opt_ins ~ '_once', asked ~ '_once') }} as opt_in,
        sqrt({{ ratio_variance(opt_ins, asked) }}) as opt_in_error,
        {{ opt_ins }}_sampled + {{ asked }}_sampled as opt_in_sampled,

        {{ ratio(opt_ins ~ '_once', choices ~ '_once') }} as full_consent,
        sqrt({{ share_variance(opt_ins, choices) }}) as full_consent_error,
        {{ choices }}_sampled as full_consent_sampled
    from {{ ref('int_consent__company_totals') }} as totals
)

select * from rates
