{%- set types = ['consent.asked', 'consent.given', 'pageview', 'ui.action'] %}

with daily as (
    select * from {{ ref('fct_consent_company_daily') }}
    where company_id is not null
),

totals as (
    select
        company_id,
        {{ volume_sums('daily', 'events') }},
        {%- for type in types %}
        {{ volume_sums('daily', type | replace('.', '_'), "event_type = '" ~ type ~ "'") }},
        {%- endfor %}
        {{ volume_sums('daily', 'opt_ins', "event_type = 'consent.given' and consent_status = 'full opt-in'") }},
        {{ volume_sums('daily', 'choices', "event_type = 'consent.given' and consent_status in ('full opt-in', 'partial opt-in', 'opt-out')") }},
        min(first_event_at) as first_at,
        max(last_event_at) as last_at
    from daily
    group by company_id
)

select * from totals
