{#
    The rates of consent with their standard errors, NULL where the denominator is 0, from a relation with the sums of
    the volumes consent_asked, consent_given, opt_ins and choices. of='_with_notices': sums of several companies, whose
    rates per notice leave out companies of which no notice is stored (macro has_notices).
#}
{% macro consent_rates(totals, of='') -%}
    {%- set given, asked = totals ~ '.consent_given' ~ of, totals ~ '.consent_asked' -%}
    {%- set answers, opt_ins, choices = totals ~ '.opt_ins' ~ of, totals ~ '.opt_ins', totals ~ '.choices' -%}
        {{ ratio(given ~ '_once', asked ~ '_once') }} as conversion_rate_weighted_once,
        sqrt({{ ratio_variance(given, asked) }}) as conversion_rate_weighted_once_se,
        {{ given }}_sampled + {{ asked }}_sampled as conversion_rate_n_sampled,

        {{ ratio(answers ~ '_once', asked ~ '_once') }} as opt_in_rate_weighted_once,
        sqrt({{ ratio_variance(answers, asked) }}) as opt_in_rate_weighted_once_se,
        {{ answers }}_sampled + {{ asked }}_sampled as opt_in_rate_n_sampled,

        {{ ratio(opt_ins ~ '_once', choices ~ '_once') }} as consent_rate_weighted_once,
        sqrt({{ share_variance(opt_ins, choices) }}) as consent_rate_weighted_once_se,
        {{ choices }}_sampled as consent_rate_n_sampled
{%- endmacro %}
