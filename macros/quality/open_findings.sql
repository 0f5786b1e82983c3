{#
    One row per rule of a severity with open findings that nobody has acknowledged: how many, about how many records and
    what amount.
#}
{% macro open_findings(severity) -%}
    select
        rule_id,
        count(*) as open_findings,
        sum(record_count) as records_found,
        sum(impact_amount) as amount_at_stake,
        max(impact_currency) as currency
    from {{ ref('fct_dq_findings') }}
    where
        is_open
        and not is_acknowledged
        and severity = '{{ severity }}'
    group by rule_id
{%- endmacro %}
