{%- set attributes = ['industry_back', 'industry_front', 'hq_country'] %}
{%- set changes = {} %}
{%- for attribute in attributes %}
{%- do changes.update({attribute: attribute ~ ' is distinct from previous_' ~ attribute}) %}
{%- endfor %}

with versions as (
    select
        {%- for attribute in attributes %}
        lag({{ cast_to(attribute, 'text_nullable') }}) over by_version as previous_{{ attribute }},
        {%- endfor %}
        *
    from {{ ref('dim_companies_history') }}
    window by_version as (partition by company_id order by version_number)
),

changed as (
    select
        *,
        {{ names_where(changes) }} as changed_columns
    from versions
    where version_number > 1
)

{{ findings(
    'changed', key="company_id || '/' || _delivery_id", observed='changed_columns', numbers=['version_number'],
    texts=attributes + ['previous_industry_back', 'previous_industry_front', 'previous_hq_country']
) }}
