with repeated as (
    select
        event_id,
        _delivery_id,
        _source_file,
        max(event_date) as event_date,
        count(*) as records_of_event,
        min(_source_row) as first_row,
        max(_source_row) as last_row
    from {{ ref('stg_consent__events') }}
    where event_id is not null
    group by event_id, _delivery_id, _source_file
    having count(*) > 1
)

{{ findings(
    'repeated', key='event_id', day='event_date', observed=number_text('records_of_event'), expected="'1'",
    records='records_of_event', numbers=['first_row', 'last_row'], texts=['_source_file']
) }}
