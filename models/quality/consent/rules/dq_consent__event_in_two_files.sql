with files_of_events as (
    select
        event_id,
        _delivery_id,
        _source_file,
        max(event_date) as day_in_file,
        count(*) as records_in_file
    from {{ ref('stg_consent__events') }}
    where event_id is not null
    group by event_id, _delivery_id, _source_file
),

spread as (
    select
        event_id,
        _delivery_id,
        max(day_in_file) as event_date,
        count(*) as file_count,
        sum(records_in_file) as records_of_event,
        {{ ordered_text_agg(cast_to('_source_file', 'text')) }} as files
    from files_of_events
    group by event_id, _delivery_id
    having count(*) > 1
)

{{ findings(
    'spread', key='event_id', day='event_date', observed=number_text('file_count'), expected="'1'",
    records='records_of_event', numbers=['file_count'], texts=['files']
) }}
