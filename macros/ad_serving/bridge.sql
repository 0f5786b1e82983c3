{# The columns of fct_ad_gross_to_billable_daily that lead from gross to billable of measures, with the kind of each. #}
{% macro bridge_columns(measures) -%}
    {%- set columns = {} -%}
    {%- for measure in measures -%}
        {%- for step in ['gross', 'invalid_records', 'general_invalid_traffic', 'suspect_traffic', 'billable'] -%}
            {%- do columns.update({measure ~ '_' ~ step: 'money' if measure == 'revenue_usd' else 'integer'}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
