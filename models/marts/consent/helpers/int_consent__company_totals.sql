{%- set types = ['consent.asked', 'consent.given', 'pageview', 'ui.action'] %}
{%- set given = "daily.event_type = 'consent.given' and daily.consent_status " %}

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
        {{ volume_sums('daily', 'events') }},
        {%- for type in types %}
        {{ volume_sums('daily', type | replace('.', '_'), "daily.event_type = '" ~ type ~ "'") }},
        {%- endfor %}
        {{ volume_sums('daily', 'opt_ins', given ~ "= 'full opt-in'") }},
        {{ volume_sums('daily', 'choices', given ~ "in ('full opt-in', 'partial opt-in', 'opt-out')") }},
        min(daily.first_event_at) as first_at,
        max(daily.last_event_at) as last_at
    from companies
    left join daily on companies.company_id = daily.company_id
    group by companies.company_id
)

select * from totals
