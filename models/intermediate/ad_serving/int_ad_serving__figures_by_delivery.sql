{%- set sums = {} %}
{%- for measure in ad_measures() %} {%- do sums.update({measure: 'sum(' ~ measure ~ ')'}) %} {%- endfor %}

{{ figures_by_delivery(
    ref('int_ad_serving__record_ledger'),
    ref('int_ad_serving__publications'),
    by='publisher_id',
    effects=delivery_effects(['changed', 'set_to_null', 'reappeared']),
    figures=sums,
) }}
