-- What fct_consent_company_daily_as_of says about now is what fct_consent_company_daily says: for each day and company, in
-- every reading. A company that has left a day stays with zeros.
with now_less_daily as (
    select
        event_date,
        {%- for volume in consent_volumes() %}
        {{ volume }}_sampled,
        {{ volume }}_weighted_once,
        {{ volume }}_extrapolated,
        {%- endfor %}
        company_id
    from {{ ref('fct_consent_company_daily_as_of') }}
    where superseded_by_delivery_id is null
    union all
    select
        event_date,
        {%- for volume, condition in consent_volumes().items() %}
        -sum(case when {{ condition }} then events_sampled else 0 end) as {{ volume }}_sampled,
        -1 * {{ cast_to('round(sum(case when ' ~ condition ~ ' then events_weighted_once else 0 end), 6)', 'money') }}
            as {{ volume }}_weighted_once,
        -1 * {{ cast_to('round(sum(case when ' ~ condition ~ ' then events_extrapolated else 0 end), 6)', 'money') }}
            as {{ volume }}_extrapolated,
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
        sum({{ volume }}_sampled) as {{ volume }}_sampled_difference,
        sum({{ volume }}_weighted_once) as {{ volume }}_weighted_once_difference,
        sum({{ volume }}_extrapolated) as {{ volume }}_extrapolated_difference,
        {%- endfor %}
        count(*) as sides
    from now_less_daily
    group by event_date, company_id
)

select * from differences
where
    false
    {%- for volume in consent_volumes() %}
    or {{ volume }}_sampled_difference is distinct from 0
    or {{ volume }}_weighted_once_difference is distinct from 0
    or {{ volume }}_extrapolated_difference is distinct from 0
    {%- endfor %}
