{%- set fates = ['current', 'replaced_in_delivery', 'replaced_by_delivery'] %}

{%- set of_ledger = {'revenue_usd_still_counting': 'sum(revenue_usd_still_counting)'} %}
{%- for fate in fates %}
    {%- for figure in ['records_' ~ fate, 'revenue_usd_' ~ fate] %}
        {%- do of_ledger.update({figure: 'sum(' ~ figure ~ ')'}) %}
    {%- endfor %}
{%- endfor %}

{{ records_by_file(
    ref('stg_ad_serving__files'),
    ['events'],
    [
        (ref('int_ad_serving__record_ledger'), of_ledger),
        (ref('fct_ad_events_set_aside'), {
            'records_set_aside': 'count(*)',
            'revenue_usd_set_aside': 'sum(coalesce(revenue_usd, 0))',
        }),
    ],
) }}
