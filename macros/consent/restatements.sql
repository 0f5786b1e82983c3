{#
    What a delivery may do to a consent event besides bringing or moving it, as conditions on record_states(): change
    its weight in events or its type, or change only its CONSENT.
#}
{% macro consent_effects() -%}
    {{ return({
        'reweighed': '(previous_event_type is distinct from event_type) or (previous_sampling_rate is distinct from sampling_rate)'
            ~ ' or (previous_event_count is distinct from event_count)',
        'consent_changed': '(previous_consent_status is distinct from consent_status)',
    }) }}
{%- endmacro %}


{#
    The consent volumes that marts report. Each is a condition on a row of fct_consent_company_daily or of the ledger,
    which says whether the row counts in the volume.
#}
{% macro consent_volumes() -%}
    {%- set given = "event_type = 'consent.given' and consent_status " -%}
    {{ return({
        'events': 'true',
        'consent_asked': "event_type = 'consent.asked'",
        'consent_given': "event_type = 'consent.given'",
        'pageview': "event_type = 'pageview'",
        'ui_action': "event_type = 'ui.action'",
        'opt_ins': given ~ "= 'full opt-in'",
        'choices': given ~ "in ('full opt-in', 'partial opt-in', 'opt-out')",
    }) }}
{%- endmacro %}


{# The sums behind those volumes, as volume_columns() reads them: by name, the column to add up and the volume. #}
{% macro consent_figures() -%}
    {%- set figures = {} -%}
    {%- for volume, condition in consent_volumes().items() -%}
        {%- for measure, column in volume_measures().items() -%}
            {%- do figures.update({
                volume ~ '_' ~ measure: 'sum(case when ' ~ condition ~ ' then ' ~ column ~ ' else 0 end)'
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(figures) }}
{%- endmacro %}
