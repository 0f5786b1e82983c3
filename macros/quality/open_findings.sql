{# One row per rule of a severity that has open findings: how many, about how many records and US dollars. #}
{% macro open_findings(severity) -%}
    select
        rule_id,
        count(*) as open_findings,
        sum(record_count) as records_found,
        sum(impact_usd) as dollars_at_stake
    from {{ ref('fct_dq_findings') }}
    where
        is_open
        and severity = '{{ severity }}'
    group by rule_id
{%- endmacro %}
