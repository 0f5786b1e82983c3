{# What a delivery may do to an ad event besides bringing or moving it, as conditions on record_states(). #}
{% macro ad_effects() -%}
    {{ return({
        'changed': 'previous_revenue_usd <> revenue_usd',
        'set_to_null': 'previous_revenue_usd is not null and revenue_usd is null',
        'reappeared': 'previous_revenue_usd is null and revenue_usd is not null',
    }) }}
{%- endmacro %}
