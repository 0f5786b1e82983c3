with scattered as (
    select
        event_id,
        min(event_date) as first_date,
        count(*) as records_of_event,
        count(distinct _source_file) as files_with_it,
        min({{ cast_to('_source_file', 'text') }}) as first_file,
        max({{ cast_to('_source_file', 'text') }}) as last_file,
        {{ cast_to('_delivery_id', 'text') }} as delivery_id
    from {{ ref('stg_ad_serving__events') }}
    where set_aside_reason is null
    group by event_id, _delivery_id
    having count(distinct _source_file) > 1
)

{{ findings(
    'scattered', key='event_id', day='first_date', observed=cast_to('files_with_it', 'text') ~ " || ' files'", expected="'1 file'",
    records='records_of_event', texts=['first_file', 'last_file'], first='delivery_id', last='delivery_id'
) }}
