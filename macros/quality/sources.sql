{# The fact of the events of each source whose findings are gathered. #}
{% macro events_of_sources() -%}
    {{ return({'ad_serving': 'fct_ad_events', 'consent': 'fct_consent_events'}) }}
{%- endmacro %}
