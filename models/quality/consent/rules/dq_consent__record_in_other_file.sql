with companies_of_file as (
    select
        _delivery_id,
        _source_file,
        coalesce(company_id, '') as company,
        count(*) as records_of_company
    from {{ ref('stg_consent__events') }}
    where set_aside_reason is null
    group by _delivery_id, _source_file, coalesce(company_id, '')
),

counted as (
    select
        *,
        sum(records_of_company) over (partition by _delivery_id, _source_file) as records_of_file
    from companies_of_file
),

owners as (
    select * from counted
    where {{ is_most('records_of_company', 'records_of_file') }}
),

strays as (
    select
        events.event_id as event_id,
        events.event_date as event_date,
        events.company_id as company_id,
        events._delivery_id as _delivery_id,
        events._source_file as _source_file,
        events._source_row as _source_row,
        owners.company as company_of_file,
        owners.records_of_company as records_of_company,
        owners.records_of_file as records_of_file
    from {{ ref('stg_consent__events') }} as events
    inner join owners
        on
            events._delivery_id = owners._delivery_id
            and events._source_file = owners._source_file
    where
        events.set_aside_reason is null
        and coalesce(events.company_id, '') <> owners.company
)

{{ findings_of_records(
    'strays', observed='company_id', expected='company_of_file', numbers=['records_of_company', 'records_of_file']
) }}
