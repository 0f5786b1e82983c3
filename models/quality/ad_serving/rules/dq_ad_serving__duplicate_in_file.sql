with repeated as (
    select
        event_id,
        _source_file,
        min(event_date) as first_date,
        count(*) as records_of_event,
        {{ cast_to('_delivery_id', 'text') }} as delivery_id
    from {{ ref('stg_ad_serving__events') }}
    where set_aside_reason is null
    group by event_id, _delivery_id, _source_file
    having count(*) > 1
)

{{ findings(
    'repeated', key='event_id', day='first_date', observed=cast_to('records_of_event', 'text') ~ " || ' records'", expected="'1 record'",
    records='records_of_event', texts=['_source_file'], first='delivery_id', last='delivery_id'
) }}
