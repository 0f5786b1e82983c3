{{ config(tags=['quality']) }}

with errors as (
    select distinct finding_key
    from {{ ref('fct_dq_findings') }}
    where
        source = 'consent'
        and severity = 'error'
        and is_open
        and is_about_event
),

totals as (
    select
        events.company_id as company,
        sum(events.events_stored) as stored_count,
        sum(events.events_weighted_once) as volume
    from {{ ref('fct_consent_events') }} as events
    inner join errors on events.event_id = errors.finding_key
    group by events.company_id
),

final as (
    select
        {{ cast_to('company', 'text_nullable') }} as company_id,
        {{ cast_to('stored_count', 'integer') }} as events_stored_in_open_errors,
        {{ cast_to('round(volume, 6)', 'money') }} as events_in_open_errors
    from totals
)

select * from final
