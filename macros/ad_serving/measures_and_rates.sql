{# The measures of the ad-serving marts, with the kind of each. Marts that add them up or pass them on loop over this list. #}
{% macro ad_measures() -%}
    {{ return({
        'impressions': 'integer',
        'filled_impressions': 'integer',
        'clicks': 'integer',
        'viewable_impressions': 'integer',
        'revenue_usd': 'money',
        'revenue_usd_as_delivered': 'money',
        'revenue_usd_invalid_records': 'money',
    }) }}
{%- endmacro %}


{# The sums of the measures, under the names that measures_and_rates() reads. #}
{% macro sums_of_measures() -%}
    {%- for measure in ad_measures() %}
        sum({{ measure }}) as {{ measure }}_total{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# The measures as figures_by_delivery() takes them: aggregates over the rows of the ledger. #}
{% macro measure_figures() -%}
    {%- set figures = {} -%}
    {%- for measure in ad_measures() -%} {%- do figures.update({measure: 'sum(' ~ measure ~ ')'}) -%} {%- endfor -%}
    {{ return(figures) }}
{%- endmacro %}


{# The measures of an ad-serving mart and the rates computed from them, from columns of the same names with a suffix. #}
{% macro measures_and_rates(suffix='_total') -%}
    {%- for measure, kind in ad_measures().items() %}
        {{ cast_to(measure ~ suffix, kind) }} as {{ measure }},
    {%- endfor %}
        {{ ratio('filled_impressions' ~ suffix, 'impressions' ~ suffix) }} as fill_rate,
        {{ ratio('clicks' ~ suffix, 'filled_impressions' ~ suffix) }} as ctr,
        {{ ratio('viewable_impressions' ~ suffix, 'filled_impressions' ~ suffix) }} as viewability_rate
{%- endmacro %}
