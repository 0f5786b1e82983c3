{#
    Campaigns that spent more than their budget at the time (over_budget_then) or their current budget
    (over_budget_now).
#}
{% macro overspent_of(campaigns) -%}
    select
        *,
        case
            when over_budget_then > 0 and over_budget_now > 0 then 'over budget then and now'
            when over_budget_then > 0 then 'over budget then, hidden by a later change of the campaign'
            else 'over the budget of now, not over the one that held then'
        end as verdict
    from {{ campaigns }}
    where over_budget_then > 0 or over_budget_now > 0
{%- endmacro %}
