-- The current figures of fct_consent_company_daily_as_of equal fct_consent_company_daily for each day and company, in
-- every reading. A company that no longer has events on a day stays, with zeros.
with now_less_daily as (
    select
        event_date,
        {%- for volume in consent_volumes() %}
        {{ volume }}_sampled as {{ volume }}_sampled_step,
        {{ volume }}_weighted_once as {{ volume }}_weighted_once_step,
        {{ volume }}_extrapolated as {{ volume }}_extrapolated_step,
        {%- endfor %}
        company_id
    from {{ ref('fct_consent_company_daily_as_of') }}
    where superseded_by_delivery_id is null
    union all
    select
        event_date,
        {%- for volume, condition in consent_volumes().items() %}
        -1 * sum(case when {{ condition }} then events_sampled else 0 end) as {{ volume }}_sampled_step,
        {%- for reading in ['weighted_once', 'extrapolated'] %}
        -1 * {{ cast_to('round(sum(case when ' ~ condition ~ ' then events_' ~ reading ~ ' else 0 end), 6)', 'money') }}
            as {{ volume }}_{{ reading }}_step,
        {%- endfor %}
        {%- endfor %}
        company_id
    from {{ ref('fct_consent_company_daily') }}
    group by event_date, company_id
),

differences as (
    select
        event_date,
        company_id,
        {%- for volume in consent_volumes() %}
        {%- for reading in ['sampled', 'weighted_once', 'extrapolated'] %}
        sum({{ volume }}_{{ reading }}_step) as {{ volume }}_{{ reading }}_difference,
        {%- endfor %}
        {%- endfor %}
        count(*) as side_count
    from now_less_daily
    group by event_date, company_id
)

select * from differences
where
    false
    {%- for volume in consent_volumes() %}
    {%- for reading in ['sampled', 'weighted_once', 'extrapolated'] %}
    or {{ volume }}_{{ reading }}_difference is distinct from 0
    {%- endfor %}
    {%- endfor %}
