with files as (
    select
        *,
        _delivery_id || '/' || _source_file as file_key
    from {{ ref('stg_ad_serving__files') }}
    where records_blank > 0
)

{{ findings(
    'files', key='file_key', observed=cast_to('records_blank', 'text') ~ " || ' blank'", expected="'none'", records='records_blank',
    numbers=['records_read', 'records_blank'], texts=['_source_file']
) }}
