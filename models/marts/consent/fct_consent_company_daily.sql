{%- set days = incremental_by_day('fct_consent_events', order_by=['company_id', 'event_type']) %}

with daily as (
    select
        event_date,
        company_id,
        event_type,
        consent_status,
        country_code,
        device_type,
        count(*) as row_count,
        sum(events_weighted_once) as weighted_once,
        sum(events_extrapolated) as extrapolated,
        sum(variance_weighted_once) as variance,
        min(event_at) as first_at,
        max(event_at) as last_at,
        max(_day_version) as day_version
    from {{ ref('fct_consent_events') }}
    where {{ in_days('event_date', days) }}
    group by event_date, company_id, event_type, consent_status, country_code, device_type
),

cells as (
    select
        *,
        row_count as cell_sampled,
        {{ cast_to('round(weighted_once, 6)', 'money') }} as cell_once,
        {{ cast_to('round(extrapolated, 6)', 'money') }} as cell_extrapolated,
        {{ cast_to('round(variance, 6)', 'money') }} as cell_variance
    from daily
),

final as (
    select
        event_date,
        company_id,
        event_type,
        consent_status,
        country_code,
        device_type,
        {{ cast_to('row_count', 'integer') }} as events_sampled,
        {{ cast_to('weighted_once', 'weight') }} as events_weighted_once,
        {{ weighted_once_errors('events_weighted_once', 'cell') }},
        {{ cast_to('extrapolated', 'weight') }} as events_extrapolated,
        {{ extrapolated_errors('events_extrapolated', 'cell') }},
        {{ cast_to('variance', 'weight') }} as variance_weighted_once,
        first_at as first_event_at,
        last_at as last_event_at,
        {{ cast_to('day_version', 'category') }} as _day_version
    from cells
)

select * from final
