with daily as (
    select * from {{ ref('fct_consent_company_daily') }}
    where company_id is not null
),

companies as (
    select company_id from {{ ref('dim_companies') }}
    union distinct
    select {{ cast_to('company_id', 'text') }} as company_id from daily
),

totals as (
    select
        companies.company_id as company_id,
        {%- for volume, condition in consent_volumes().items() %}
        {{ volume_sums('daily', volume, condition) }},
        {%- endfor %}
        min(daily.first_event_at) as first_at,
        max(daily.last_event_at) as last_at
    from companies
    left join daily on companies.company_id = daily.company_id
    group by companies.company_id
)

select * from totals
