{#
    Whether any notice of a company is stored, on whatever day: an expression over its id. Choices of a company without
    stored notices count in no rate per notice of several companies, because the notices that they answer are missing
    from its denominator. Events without a company count as those of one company.
#}
{% macro has_notices(company) -%}
    {{ cast_to(
        'coalesce(' ~ company ~ ", '') in (select coalesce(asked.company_id, '') from " ~ ref('fct_consent_company_daily')
        ~ " as asked where asked.event_type = 'consent.asked' group by asked.company_id)", 'boolean'
    ) }}
{%- endmacro %}


{# The volumes that rates per notice of several companies divide by notices, and what each is a part of. #}
{% macro volumes_with_notices() -%}
    {{ return({'consent_given_with_notices': 'consent_given', 'opt_ins_with_notices': 'opt_ins'}) }}
{%- endmacro %}


{# How many companies have events, and for how many of them no notice is stored, over a relation with has_notices. #}
{% macro company_counts(relation) -%}
        count(distinct {{ relation }}.company_id) as company_count,
        count(distinct case when not {{ relation }}.has_notices then {{ relation }}.company_id end)
            as company_without_notices_count
{%- endmacro %}
