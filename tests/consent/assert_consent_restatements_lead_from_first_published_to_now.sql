-- For each company and day: the volumes last published before any restatement, plus all later differences, are the
-- current volumes.
{%- set readings = ['sampled', 'weighted_once', 'extrapolated'] %}

with publications as (
    select
        *,
        row_number() over (partition by event_date, company_id order by _delivery_id desc) as recency
    from {{ ref('fct_consent_company_daily_as_of') }}
    where publication <> 'restatement'
),

steps as (
    select
        event_date,
        {%- for volume in consent_volumes() %}
        {%- for reading in readings %}
        {{ volume }}_{{ reading }} as {{ volume }}_{{ reading }}_step,
        {%- endfor %}
        {%- endfor %}
        company_id
    from publications
    where recency = 1
    union all
    select
        event_date,
        {%- for volume in consent_volumes() %}
        {%- for reading in readings %}
        {{ volume }}_{{ reading }}_difference as {{ volume }}_{{ reading }}_step,
        {%- endfor %}
        {%- endfor %}
        company_id
    from {{ ref('fct_consent_restatements') }}
    union all
    select
        event_date,
        {%- for volume in consent_volumes() %}
        {%- for reading in readings %}
        -1 * {{ volume }}_{{ reading }} as {{ volume }}_{{ reading }}_step,
        {%- endfor %}
        {%- endfor %}
        company_id
    from {{ ref('fct_consent_company_daily_as_of') }}
    where superseded_by_delivery_id is null
),

unexplained as (
    select
        event_date,
        company_id,
        {%- for volume in consent_volumes() %}
        {%- for reading in readings %}
        sum({{ volume }}_{{ reading }}_step) as {{ volume }}_{{ reading }}_unexplained,
        {%- endfor %}
        {%- endfor %}
        count(*) as step_count
    from steps
    group by event_date, company_id
)

select * from unexplained
where
    false
    {%- for volume in consent_volumes() %}
    {%- for reading in readings %}
    or {{ volume }}_{{ reading }}_unexplained is distinct from 0
    {%- endfor %}
    {%- endfor %}
