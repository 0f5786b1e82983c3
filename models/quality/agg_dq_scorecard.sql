{%- set sources = judged_sources() %}

with days as (
    {%- for source, declared_source in sources.items() if declared_source.events %}
    select
        '{{ source }}' as source,
        {{ cast_to('event_date', 'date_nullable') }} as event_date,
        {{ cast_to('count(*)', 'integer') }} as events
    from {{ ref(declared_source.events) }}
    group by event_date
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {%- if not sources.values() | selectattr('events') | list %}
    select
        {{ cast_to('null', 'text_nullable') }} as source,
        {{ cast_to('null', 'date_nullable') }} as event_date,
        {{ cast_to('0', 'integer') }} as events
    where false
    {%- endif %}
),

found as (
    select
        source,
        event_date,
        {%- for severity in ['error', 'warning', 'information'] %}
        count(*) filter (where is_open and severity = '{{ severity }}') as open_{{ severity }},
        {%- endfor %}
        count(*) filter (where not is_open) as mended,
        count(distinct case when is_open and is_about_event and severity <> 'information' then finding_key end) as at_fault,
        sum(case when is_open and severity = 'error' then abs(coalesce(impact_amount, 0)) else 0 end) as impact_of_errors,
        max(case when severity = 'error' then impact_currency end) as currency
    from {{ ref('fct_dq_findings') }}
    group by source, event_date
),

final as (
    select
        {{ cast_to('coalesce(days.source, found.source)', 'text') }} as source,
        coalesce(days.event_date, found.event_date) as event_date,
        {{ cast_to('coalesce(days.events, 0)', 'integer') }} as events,
        {%- for severity in ['error', 'warning', 'information'] %}
        {{ cast_to('coalesce(found.open_' ~ severity ~ ', 0)', 'integer') }} as findings_{{ severity }},
        {%- endfor %}
        {{ cast_to('coalesce(found.mended, 0)', 'integer') }} as findings_mended,
        {{ cast_to('coalesce(found.at_fault, 0)', 'integer') }} as events_at_fault,
        {{ cast_to('coalesce(found.impact_of_errors, 0)', 'money') }} as impact_amount,
        found.currency as impact_currency,
        1 - {{ ratio('coalesce(found.at_fault, 0)', 'days.events') }} as share_without_fault
    from days
    full outer join found
        on
            days.source = found.source
            and days.event_date = found.event_date
)

select * from final
