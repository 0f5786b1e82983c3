with unlisted as (
    select
        events.event_id as event_id,
        events.event_date as event_date,
        events.company_id as company_id,
        events.event_type as event_type,
        events._delivery_id as _delivery_id,
        events._source_file as _source_file,
        events._source_row as _source_row
    from {{ ref('fct_consent_events') }} as events
    left join {{ ref('dim_companies') }} as companies on events.company_id = companies.company_id
    where companies.company_id is null
)

{{ findings_of_records('unlisted', observed='company_id', expected="'a company of the list'", texts=['event_type']) }}
