with records as (
    select
        event_id,
        event_date,
        coalesce(company_id, '') as company,
        _delivery_id,
        row_number() over (partition by event_id order by _delivery_id, _source_file, _source_row) as place
    from {{ ref('stg_consent__events') }}
    where set_aside_reason is null
),

days as (
    select
        company,
        event_date,
        min(_delivery_id) as first_of_day
    from records
    group by company, event_date
),

late as (
    select
        records.company as company_id,
        records.event_date as event_date,
        records._delivery_id as _delivery_id,
        days.first_of_day as first_of_day,
        count(*) as event_count
    from records
    inner join days
        on
            records.company = days.company
            and records.event_date = days.event_date
    where
        records.place = 1
        and records._delivery_id > days.first_of_day
    group by records.company, records.event_date, records._delivery_id, days.first_of_day
)

{{ findings(
    'late', key="_delivery_id || '|' || company_id || '|' || " ~ cast_to('event_date', 'text'), day='event_date',
    observed=number_text('event_count'), expected="'0'", records='event_count', texts=['company_id', 'first_of_day']
) }}
