{#
    The rates of consent with their standard errors, NULL where the denominator is 0, from a relation with the sums of
    the volumes consent_asked, consent_given, opt_ins and choices.
#}
{% macro consent_rates(totals) -%}
    {%- set given, asked = totals ~ '.consent_given', totals ~ '.consent_asked' -%}
    {%- set opt_ins, choices = totals ~ '.opt_ins', totals ~ '.choices' -%}
        {{ ratio(given ~ '_once', asked ~ '_once') }} as conversion_rate_weighted_once,
        sqrt({{ ratio_variance(given, asked) }}) as conversion_rate_weighted_once_se,
        {{ given }}_sampled + {{ asked }}_sampled as conversion_rate_n_sampled,

        {{ ratio(opt_ins ~ '_once', asked ~ '_once') }} as opt_in_rate_weighted_once,
        sqrt({{ ratio_variance(opt_ins, asked) }}) as opt_in_rate_weighted_once_se,
        {{ opt_ins }}_sampled + {{ asked }}_sampled as opt_in_rate_n_sampled,

        {{ ratio(opt_ins ~ '_once', choices ~ '_once') }} as consent_rate_weighted_once,
        sqrt({{ share_variance(opt_ins, choices) }}) as consent_rate_weighted_once_se,
        {{ choices }}_sampled as consent_rate_n_sampled
{%- endmacro %}
