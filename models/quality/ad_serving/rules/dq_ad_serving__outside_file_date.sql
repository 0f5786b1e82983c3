with dated as (
    select
        *,
        {{ parse_date("nullif(regexp_extract(_source_file, '([0-9]{4}-?[0-9]{2}-?[0-9]{2})[^/]*$', 1), '')") }} as file_date
    from {{ ref('stg_ad_serving__events') }}
    where set_aside_reason is null
),

strangers as (
    select * from dated
    where event_date <> file_date
)

{{ findings_of_records(
    'strangers', observed=cast_to('event_date', 'text_nullable'), expected=cast_to('file_date', 'text_nullable')
) }}
